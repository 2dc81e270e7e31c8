"""What administrators and readers settle for themselves, told with every event type once."""

from collections.abc import Sequence

from cli.contracts.stories import KEY, KEY_BYTES, Told
from services.customers.application.fields import STREAM, SUBJECT
from services.customers.domain.field.events import (
    FieldChanged,
    FieldDeclared,
    FieldEvent,
    FieldLabel,
    FieldReinstated,
    FieldRetired,
)
from services.customers.domain.view.events import (
    ViewChanged,
    ViewDeleted,
    ViewDetails,
    ViewEvent,
    ViewName,
    ViewQuery,
    ViewRenamed,
    ViewSaved,
    ViewShared,
    ViewUnshared,
)
from shared.authorization.people import DEMO_PEOPLE
from shared.security.jwe import key_commitment

_VIEW = "01a2006f-5480-7942-b1bc-f30b55c85f0a"


def a_field() -> Sequence[Told]:
    """Tell how a custom field was declared, changed, retired and reinstated."""
    size = FieldLabel(en="Shoe size", zh="鞋码")
    return (
        _field(
            FieldDeclared(
                name="shoe_size",
                label=size,
                type="choice",
                choices=("38", "39"),
                sensitivity="confidential",
            )
        ),
        _field(FieldChanged(name="shoe_size", choices=("38", "39", "40"))),
        _field(FieldRetired(name="shoe_size")),
        _field(FieldReinstated(name="shoe_size")),
    )


def a_view() -> Sequence[Told]:
    """Tell how a view was saved, changed, shared and taken away."""
    details = ViewDetails(
        name="Large prospects", query={"stage": ("prospect",), "q": ("ltd",)}, columns=("name",)
    )
    return (
        _view(ViewSaved(key_commitment=key_commitment(KEY_BYTES), personal=details)),
        _view(ViewRenamed(personal=ViewName(name="Prospects, the large ones"))),
        _view(ViewChanged(personal=ViewQuery(query={"stage": ("prospect",)}, columns=("name",)))),
        _view(ViewShared()),
        _view(ViewUnshared()),
        _view(ViewDeleted(kid=KEY.kid)),
    )


def _view(event: ViewEvent) -> Told:
    return Told(f"view-{_VIEW}", _VIEW, DEMO_PEOPLE["alice"].subject, event)


def _field(event: FieldEvent) -> Told:
    return Told(STREAM, str(SUBJECT), DEMO_PEOPLE["erin"].subject, event)
