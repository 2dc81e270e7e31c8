"""Every change of a customer is one line here: its address, what it takes, the command it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from starlette.requests import Request
from uuid6 import uuid7

from services.customers.api.bodies import (
    AssignBody,
    HoldBody,
    LinkBody,
    NoteBody,
    ReasonBody,
    ReclassifyBody,
    RenameBody,
    StageBody,
    TagsBody,
)
from services.customers.domain.customer.commands import (
    AddContactPoint,
    AddCustomerNote,
    ArchiveCustomer,
    AssignCustomer,
    ChangeContactPoint,
    ChangeCustomerLink,
    CustomerCommand,
    MoveCustomerToStage,
    PlaceLegalHold,
    ReclassifyCustomer,
    ReleaseLegalHold,
    RemoveContactPoint,
    RemoveCustomerNote,
    RenameCustomer,
    RestoreCustomer,
    TagCustomer,
    UnlinkCustomer,
    UntagCustomer,
)
from services.customers.domain.customer.contact_points import KINDS
from services.customers.domain.customer.given import (
    NewAddress,
    NewEmail,
    NewLink,
    NewPhone,
)
from services.customers.domain.customer.state import CustomerAddress, CustomerEmail, CustomerPhone
from shared.authorization.permissions import Permission
from shared.given import Given
from shared.web.queries import path_id


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change a customer, as a route."""

    method: Literal["POST", "PUT", "DELETE"]
    path: str
    """Behind /v1/customers/{customer_id}."""
    name: str
    description: str
    body: type[Given] | None
    command: Callable[[Request, Any], CustomerCommand]
    """What a request with this body asks for."""
    permission: Permission = Permission.CUSTOMERS_CHANGE


_KINDS = ((CustomerEmail, NewEmail), (CustomerPhone, NewPhone), (CustomerAddress, NewAddress))


def _contact_changes() -> Sequence[Change]:
    return [change for kind, body in _KINDS for change in _changes_of(kind, body)]


def _changes_of(kind: type, body: type[Given]) -> list[Change]:
    its = KINDS[kind]
    one = f"/{its.plural}/{{{its.code}_id}}"

    def add(_request: Request, given: Any) -> CustomerCommand:  # noqa: ANN401 - one of the bodies
        return AddContactPoint(given.point(uuid7()), given.primary)

    def change(request: Request, given: Any) -> CustomerCommand:  # noqa: ANN401 - one of the bodies
        return ChangeContactPoint(given.point(path_id(request, f"{its.code}_id")), given.primary)

    def remove(request: Request, _given: None) -> CustomerCommand:
        return RemoveContactPoint(kind, path_id(request, f"{its.code}_id"))

    article = "an" if its.code in {"email"} else "a"
    return [
        Change("POST", f"/{its.plural}", f"add_customer_{its.code}",
            f"Add {article} {its.words} to a customer.", body, add),
        Change("PUT", one, f"change_customer_{its.code}",
            f"Correct {article} {its.words} of a customer, or make it the primary one.",
            body, change),
        Change("DELETE", one, f"remove_customer_{its.code}",
            f"Take {article} {its.words} away from a customer.", None, remove),
    ]  # fmt: skip


CHANGES: Final[Sequence[Change]] = (
    Change("POST", "/rename", "rename_customer", "Give a customer another name.", RenameBody,
        lambda _, given: RenameCustomer(given.name)),
    Change("POST", "/reclassify", "reclassify_customer",
        "Say that a customer is a person, or an organisation, after all.", ReclassifyBody,
        lambda _, given: ReclassifyCustomer(given.kind)),
    *_contact_changes(),
    Change("POST", "/tags", "tag_customer", "Add tags to a customer.", TagsBody,
        lambda _, given: TagCustomer(tuple(given.tags))),
    Change("POST", "/untag", "untag_customer", "Take tags away from a customer.", TagsBody,
        lambda _, given: UntagCustomer(tuple(given.tags))),
    Change("POST", "/assign", "assign_customer",
        "Let somebody, or nobody, look after a customer.", AssignBody,
        lambda _, given: AssignCustomer(given.owner)),
    Change("POST", "/stage", "move_customer_to_stage",
        "Say at which stage of its life a customer is; going back needs a reason.", StageBody,
        lambda _, given: MoveCustomerToStage(given.stage, given.reason)),
    Change("POST", "/archive", "archive_customer",
        "Put a customer out of the way: not in lists unless asked for, and not changed.",
        ReasonBody, lambda _, given: ArchiveCustomer(given.reason)),
    Change("POST", "/restore", "restore_customer", "Bring an archived customer back.", None,
        lambda _, __: RestoreCustomer()),
    Change("POST", "/links", "link_customer", "Say what a person is in an organisation.", NewLink,
        lambda _, given: given.command()),
    Change("PUT", "/links/{link_id}", "change_customer_link",
        "Correct what a person is in an organisation, or say when it ended.", LinkBody,
        lambda request, given: ChangeCustomerLink(
            path_id(request, "link_id"), given.role, given.since, given.until)),
    Change("DELETE", "/links/{link_id}", "unlink_customer",
        "Take a role away that should never have been there.", None,
        lambda request, _: UnlinkCustomer(path_id(request, "link_id"))),
    Change("POST", "/notes", "add_customer_note", "Note something about a customer.", NoteBody,
        lambda _, given: AddCustomerNote(uuid7(), given.text)),
    Change("DELETE", "/notes/{note_id}", "remove_customer_note",
        "Take a note away; the history keeps it.", None,
        lambda request, _: RemoveCustomerNote(path_id(request, "note_id"))),
    Change("POST", "/holds", "place_legal_hold",
        "Forbid that a customer is erased, until the hold is released.", HoldBody,
        lambda _, given: PlaceLegalHold(uuid7(), given.reason), Permission.CUSTOMERS_HOLD),
    Change("DELETE", "/holds/{hold_id}", "release_legal_hold",
        "Release a legal hold, with the reason.", HoldBody,
        lambda request, given: ReleaseLegalHold(path_id(request, "hold_id"), given.reason),
        Permission.CUSTOMERS_HOLD),
)  # fmt: skip
