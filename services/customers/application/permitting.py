"""Nobody writes what they may not: asked of the very version that is changed, as it is and will be.

Whoever may not even see a customer is told that there is none, in the same words.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final
from uuid import UUID

from services.customers.application.customer_records import CUSTOM, TYPE, classes_of, record_of
from services.customers.application.loading import no_such_customer
from services.customers.domain.customer.commands import (
    AddContactPoint,
    AddCustomerNote,
    ArchiveCustomer,
    AssignCustomer,
    ChangeContactPoint,
    ChangeCustomerLink,
    CustomerCommand,
    LinkCustomer,
    MoveCustomerToStage,
    PlaceLegalHold,
    ReclassifyCustomer,
    RegisterCustomer,
    ReleaseLegalHold,
    RemoveContactPoint,
    RemoveCustomerNote,
    RenameCustomer,
    RestoreCustomer,
    SetCustomerFields,
    TagCustomer,
    UnlinkCustomer,
    UntagCustomer,
    WithdrawCustomer,
)
from services.customers.domain.customer.contact_points import KINDS
from services.customers.domain.customer.state import Customer
from services.customers.domain.field.rules import Fields
from shared.authorization.fields import FieldView
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.refusing import UNDECIDED, refuse
from shared.authorization.rights import Rights
from shared.errors import NotFoundError

PERSON: Final = "person"


class Writing:
    """What one account may write of customers now; made for one change, not kept."""

    def __init__(self, rights: Rights, permission: Permission, declared: Fields) -> None:
        self.rights = rights
        self._permission = permission
        self._declared = declared
        self._classes = classes_of(rights, declared)

    def require(self, customer_id: UUID, customer: Customer) -> FieldView:
        """Return what may be written of the fields of a customer as it is.

        Raises:
            NotFoundError: the account may not see it at all.
            NotPermittedError: the account may see it, and not do this.
            UndecidedError: it cannot be decided now, and therefore is denied.
        """
        return self._require(record_of(self.rights, customer_id, customer))

    def require_without_tags(self, customer_id: UUID, customer: Customer) -> None:
        """Do what `require` does; by tags, which are not known, no condition is met."""
        record = record_of(self.rights, customer_id, customer)
        known = {name: it for name, it in record.attributes.items() if name != "tags"}
        self._require(replace(record, attributes=known, sealed=("tags",)))

    def _require(self, record: Record) -> FieldView:
        sees = self._seen(record)
        answer, view = self.rights.view(self._permission, record)
        refuse(self._permission, answer)
        return FieldView(self._classes, min(sees.clearance, view.clearance))

    def require_seen(self, customer_id: UUID, customer: Customer) -> None:
        """Refuse to name a customer that the account may not see.

        Raises:
            NotFoundError: the account may not see it at all.
        """
        self._seen(record_of(self.rights, customer_id, customer))

    def refuse_unseen(self, view: FieldView, command: CustomerCommand) -> None:
        """Refuse to write what is not shown, also if nothing would change: that would tell it.

        Raises:
            InvalidInputError: a value is the mask.
            NotPermittedError: a field is masked or left out.
        """
        self.refuse_given(view, written_by(command))

    def refuse_given(self, view: FieldView, given: Mapping[str, object]) -> None:
        """Do what `refuse_unseen` does, of fields with what is given for them."""
        # A field that was never declared holds nothing; what is told of it comes later.
        known = {name: it for name, it in given.items() if self._is_known(name)}
        view.refuse_unseen(known)
        if any(name.startswith(f"{CUSTOM}.") for name in given):
            view.refuse_to_look_by([CUSTOM])

    def require_change(self, customer_id: UUID, before: Customer, after: Customer) -> None:
        """Refuse what would bring the customer to where the account may not change it.

        Raises:
            NotPermittedError: as it would be, the account may not do this.
        """
        was, will_be = (record_of(self.rights, customer_id, each) for each in (before, after))
        refuse(self._permission, self.rights.change(self._permission, was, will_be))

    def require_new(self, customer_id: UUID, after: Customer) -> FieldView:
        """Return what may be written of the fields of a customer that is not there yet.

        Raises:
            NotPermittedError: the account may not make such a customer.
        """
        record = record_of(self.rights, customer_id, after)
        refuse(self._permission, self.rights.change(self._permission, None, record))
        _, view = self.rights.view(self._permission, record)
        return FieldView(self._classes, view.clearance)

    def owner_of_new(self, owner: UUID | None) -> UUID | None:
        """Return whose a new customer is: a person's own, if it may not be nobody's."""
        if owner is not None or self.rights.may(
            self._permission, self.rights.record(TYPE, "", None)
        ):
            return owner
        who = self.rights.basis.world.subjects.get(self.rights.subject)
        return UUID(self.rights.subject) if who is not None and who.kind == PERSON else None

    def sees(self, customer_id: UUID, customer: Customer) -> bool:
        """Say whether the account may see a customer at all.

        Raises:
            UndecidedError: it cannot be decided now.
        """
        try:
            self.require_seen(customer_id, customer)
        except NotFoundError:
            return False
        return True

    def _is_known(self, field: str) -> bool:
        name = field.removeprefix(f"{CUSTOM}.")
        return name == field or name in self._declared

    def _seen(self, record: Record) -> FieldView:
        reads, sees = self.rights.view(Permission.CUSTOMERS_READ, record)
        if reads[1] in UNDECIDED:
            refuse(Permission.CUSTOMERS_READ, reads)
        if not reads[0]:
            raise no_such_customer()
        return sees


Permit = Callable[[Fields], Writing]
"""What an account may write, by the rights of the moment of the call."""


def custom_of(command: CustomerCommand) -> frozenset[str]:
    """Return the names of the custom fields that a command writes."""
    match command:
        case RegisterCustomer():
            return frozenset(command.custom)
        case SetCustomerFields():
            return frozenset(command.values)
        case _:
            return frozenset()


def written_by(command: CustomerCommand) -> Mapping[str, Any]:
    """Return the fields that a command writes, with what it gives; custom ones as custom.NAME."""
    its: Mapping[str, Any] = _WRITTEN[type(command)](command)
    return its


def _registered(command: RegisterCustomer) -> Mapping[str, Any]:
    given: dict[str, Any] = {
        "kind": command.kind,
        "name": command.name,
        "emails": [asdict(point) for point in command.emails],
        "phones": [asdict(point) for point in command.phones],
        "addresses": [asdict(point) for point in command.addresses],
        "tags": command.tags,
        "stage": command.stage,
        "owner": command.owner,
        **{f"{CUSTOM}.{name}": value for name, value in command.custom.items()},
    }
    return {name: value for name, value in given.items() if value not in (None, (), [])}


def _points(command: AddContactPoint | ChangeContactPoint) -> Mapping[str, Any]:
    return {KINDS[type(command.point)].plural: asdict(command.point)}


def _custom(command: SetCustomerFields) -> Mapping[str, Any]:
    return {f"{CUSTOM}.{name}": value for name, value in command.values.items()}


def _archived(command: ArchiveCustomer | RestoreCustomer) -> Mapping[str, Any]:
    return {"archived": command.reason if isinstance(command, ArchiveCustomer) else None}


# A command that is missing here fails, and so is refused.
_WRITTEN: Final[Mapping[type, Callable[[Any], Mapping[str, Any]]]] = {
    RegisterCustomer: _registered,
    RenameCustomer: lambda its: {"name": its.name},
    ReclassifyCustomer: lambda its: {"kind": its.kind},
    AddContactPoint: _points,
    ChangeContactPoint: _points,
    RemoveContactPoint: lambda its: {KINDS[its.kind].plural: None},
    TagCustomer: lambda its: {"tags": its.tags},
    UntagCustomer: lambda its: {"tags": its.tags},
    AssignCustomer: lambda its: {"owner": its.owner},
    MoveCustomerToStage: lambda its: {"stage": [its.stage, its.reason]},
    SetCustomerFields: _custom,
    ArchiveCustomer: _archived,
    RestoreCustomer: _archived,
    LinkCustomer: lambda its: {"links": its.role},
    ChangeCustomerLink: lambda its: {"links": its.role},
    UnlinkCustomer: lambda _: {"links": None},
    AddCustomerNote: lambda its: {"notes": its.text},
    RemoveCustomerNote: lambda _: {"notes": None},
    PlaceLegalHold: lambda its: {"legal_hold": its.reason},
    ReleaseLegalHold: lambda its: {"legal_hold": its.reason},
    WithdrawCustomer: lambda _: {"withdrawn": None},
}
