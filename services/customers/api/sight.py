"""What leaves this service of a customer is what its reader may see: shown, masked or left out.

Whoever may not see a customer at all is told that there is none, in the same words.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.customers.application.customer_records import (
    CUSTOM,
    TYPE,
    classes_of,
    facts_of_record,
    record_of,
)
from services.customers.application.field_declarations import FieldDeclarations
from services.customers.application.loading import (
    CustomerReader,
    HistoryStep,
    LoadedCustomer,
    no_such_customer,
)
from services.customers.application.permitting import Permit, Writing
from services.customers.domain.customer.fields import Change
from services.customers.domain.field.rules import NO_FIELDS, Fields
from services.customers.projections.directory_queries import DirectoryRow
from shared.authorization.codes import Code
from shared.authorization.fields import MASK, FieldView, Outcome
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.refusing import refuse, refuse_undecided
from shared.authorization.rights import Rights
from shared.authorization.state import RESTRICTED
from shared.errors import NotFoundError
from shared.web.callers import Caller, Guard

REASON: Final = "reason"
OF_THE_RECORD: Final = frozenset(
    {"id", "version", "erased", "registered_at", "changed_at", "matched"}
)
"""Members of an answer that say nothing of the customer: whoever sees it at all sees them."""
UNSEEN: Final = FieldView({}, clearance=-1)
"""Of a customer that may not be seen: no field."""


class Sight:
    """What one caller sees of customers now; made for one answer, not kept."""

    def __init__(self, rights: Rights, declared: Fields) -> None:
        self.rights = rights
        self._classes = classes_of(rights, declared)
        self._views: dict[int, FieldView] = {}

    def require(self, permission: Permission, record: Record) -> FieldView:
        """Return what is seen of the fields of a record.

        Raises:
            NotFoundError: the caller may not see it at all.
            NotPermittedError: the caller may see it, and not do this.
            UndecidedError: it cannot be decided now: nothing is known, also not that it is hidden.
        """
        answer, view = self.rights.view(permission, record)
        refuse_undecided(permission, answer)
        if not answer[0]:
            reads = Permission.CUSTOMERS_READ
            if permission is reads or not self.rights.surely_may(reads, record):
                raise no_such_customer()
            refuse(permission, answer)
        return self._view(view)

    def view(self, permission: Permission, record: Record) -> FieldView | None:
        """Return what is seen of the fields of a record; None: it is not to be seen.

        Nobody asked for this one, so that none to be seen is no refusal, and is not on record.

        Raises:
            UndecidedError: it cannot be decided now.
        """
        answer, view = self.rights.look(permission, record)
        refuse_undecided(permission, answer)
        return self._view(view) if answer[0] else None

    def of_every_record(self, permission: Permission) -> FieldView:
        """Return what is seen of each and every record that a list may hold.

        Raises:
            UndecidedError: it cannot be decided now.
        """
        self.rights.surely_may(permission)
        return self._view(self.rights.view_of_lists(permission))

    def record_of(self, customer: LoadedCustomer | HistoryStep, customer_id: UUID) -> Record:
        """Return a customer, or what it was after a step of its life, as it is decided about."""
        its = customer.customer if isinstance(customer, LoadedCustomer) else customer.after
        return record_of(self.rights, customer_id, its)

    def record_of_row(self, row: DirectoryRow | None, customer_id: UUID) -> Record:
        """Return a row of the directory as it is decided about.

        Who is not there is nobody's: only who may see all of them is told.
        """
        if row is None:
            return self.rights.record(TYPE, str(customer_id))
        facts = facts_of_record(
            row.kind, row.stage, row.details.get("tags", ()), is_archived=row.is_archived
        )
        return self.rights.record(TYPE, str(row.id), row.owner, facts)

    def refuse_hidden(self, permission: Permission, view: FieldView, field: str) -> None:
        """Refuse what is about one field alone, if this is not shown.

        Raises:
            NotPermittedError: it is masked or left out.
        """
        if view.outcome(field) is not Outcome.SHOW:
            self._refuse_secret(permission)

    def refuse_less_than_all(self, permission: Permission, view: FieldView) -> None:
        """Refuse what is about everything, to whoever does not see restricted fields.

        Raises:
            NotPermittedError: something might be hidden.
        """
        if view.clearance < RESTRICTED:
            self._refuse_secret(permission)

    def _refuse_secret(self, permission: Permission) -> None:
        basis = self.rights.basis
        refuse(permission, (False, Code.SENSITIVITY, None, basis.world.position, basis.age))

    def _view(self, view: FieldView) -> FieldView:
        """Return the view with the classes of custom fields; of one clearance it is the same."""
        known = self._views.get(view.clearance)
        if known is None:
            known = self._views[view.clearance] = FieldView(self._classes, view.clearance)
        return known


class Sights:
    """Makes what a caller sees, from rights and declarations of this moment."""

    def __init__(self, guard: Guard, declared: FieldDeclarations, reader: CustomerReader) -> None:
        self._guard = guard
        self._declared = declared
        self._reader = reader

    def rights(self, caller: Caller) -> Rights:
        """Return what the caller may do now."""
        return self._guard.rights(caller)

    def still(self, caller: Caller, permission: Permission) -> Callable[[], None]:
        """Return what refuses, whenever it is called, a caller who may not do this any more."""
        return lambda: self.rights(caller).require_still(permission)

    def permit(self, caller: Caller, permission: Permission) -> Permit:
        """Return what is asked, at each step of a change, what the caller may write then."""
        return lambda declared: Writing(self._guard.rights(caller), permission, declared)

    async def of(self, caller: Caller) -> Sight:
        """Return what the caller sees now.

        A custom field whose declaration cannot be read, because the store does not answer, is as
        it was known last; one that was never known is left out.
        """
        declared = await self._declared.known()
        return Sight(self._guard.rights(caller), declared)

    async def of_customer(
        self, caller: Caller, permission: Permission, customer_id: UUID
    ) -> tuple[Sight, FieldView, LoadedCustomer]:
        """Return a customer as it is now, and what the caller sees of it.

        Raises:
            NotFoundError: there is none, or none that the caller may see.
            NotPermittedError: the caller may see it, and not do this.
            UndecidedError: it cannot be decided now, whether there is one or not.
        """
        loaded = await self._load(self._reader, caller, permission, customer_id)
        sight = await self.of(caller)
        return sight, sight.require(permission, sight.record_of(loaded, customer_id)), loaded

    async def require_sealed(
        self, caller: Caller, permission: Permission, customer_id: UUID
    ) -> None:
        """Refuse as `of_customer` does, for an answer without anything personal.

        It needs no keys, and so is given also while their server is away.
        """
        loaded = await self._load(self._reader.sealed(), caller, permission, customer_id)
        rights = self.rights(caller)
        record = record_of(rights, customer_id, loaded.customer, is_sealed=True)
        Sight(rights, NO_FIELDS).require(permission, record)

    async def _load(
        self, reader: CustomerReader, caller: Caller, permission: Permission, customer_id: UUID
    ) -> LoadedCustomer:
        """Load a customer; that there is none is told only where one that is would be decided."""
        try:
            return await reader.load(customer_id)
        except NotFoundError:
            rights = self.rights(caller)
            nobodys = rights.record(TYPE, str(customer_id))
            if not rights.surely_may(permission, nobodys):
                rights.surely_may(Permission.CUSTOMERS_READ, nobodys)
            raise


def outcome_of(view: FieldView, field: str) -> Outcome:
    """Return what becomes of a field; of a custom one also what becomes of all of these."""
    if field.startswith(f"{CUSTOM}."):
        of_all = view.outcome(CUSTOM)
        return view.outcome(field) if of_all is Outcome.SHOW else of_all
    return view.outcome(field)


def seen_alike(
    views: Iterable[tuple[FieldView, dict[str, Any]]],
) -> Iterator[dict[str, Any]]:
    """Return what one caller sees of many customers, all with the same members, each as `seen`.

    Whether all members are shown is asked once for each clearance; only custom fields differ.
    """
    whole: dict[int, bool] = {}
    for view, members in views:
        shows_all = whole.get(view.clearance)
        if shows_all is None:
            of_customer = members.keys() - OF_THE_RECORD
            shows_all = all(view.outcome(name) is Outcome.SHOW for name in of_customer)
            whole[view.clearance] = shows_all
        if not shows_all:
            yield seen(view, members)
        elif members[CUSTOM]:
            yield {**members, CUSTOM: _custom(view, members[CUSTOM])}
        else:
            yield members


def seen(view: FieldView, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a customer as they are shown; also an absent value has its mask."""
    shown: dict[str, Any] = {}
    for name, value in members.items():
        if name in OF_THE_RECORD:
            shown[name] = value
            continue
        match view.outcome(name):
            case Outcome.SHOW:
                shown[name] = _custom(view, value) if name == CUSTOM else value
            case Outcome.MASK:
                shown[name] = MASK
            case Outcome.OMIT:
                pass
    return shown


def _custom(view: FieldView, values: Mapping[str, Any]) -> dict[str, Any]:
    shown = {}
    for name, value in values.items():
        outcome = view.outcome(f"{CUSTOM}.{name}")
        if outcome is not Outcome.OMIT:
            shown[name] = value if outcome is Outcome.SHOW else MASK
    return shown


def seen_changes(view: FieldView, changes: Iterable[Change]) -> list[Change]:
    """Return the changes as they are shown: masked on both sides, or left out."""
    found = []
    for change in changes:
        match outcome_of(view, change.field):
            case Outcome.SHOW:
                found.append(change)
            case Outcome.MASK:
                found.append(Change(change.field, MASK, MASK))
            case Outcome.OMIT:
                pass
    return found


def shows_reason(view: FieldView, changes: Sequence[Change]) -> bool:
    """Say whether the reason of these changes is shown: only beside changes that all are."""
    return view.outcome(REASON) is Outcome.SHOW and all(
        outcome_of(view, change.field) is Outcome.SHOW for change in changes
    )
