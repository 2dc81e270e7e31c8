"""What administrators and readers settle for themselves, told with every event type once."""

from collections.abc import Sequence

from cli.contracts.stories import Told
from services.customers.application.fields import STREAM, SUBJECT
from services.customers.domain.field.events import (
    FieldChanged,
    FieldDeclared,
    FieldEvent,
    FieldLabel,
    FieldReinstated,
    FieldRetired,
)
from shared.authorization.people import DEMO_PEOPLE


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


def _field(event: FieldEvent) -> Told:
    return Told(STREAM, str(SUBJECT), DEMO_PEOPLE["erin"].subject, event)
