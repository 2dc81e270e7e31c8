"""What brings a customer back to how it was before a change, where nobody touched it since."""

from typing import Final

from services.customers.domain.customer.commands import (
    AddContactPoint,
    AddCustomerNote,
    ArchiveCustomer,
    AssignCustomer,
    ChangeContactPoint,
    CustomerCommand,
    MoveCustomerToStage,
    ReclassifyCustomer,
    RemoveContactPoint,
    RemoveCustomerNote,
    RenameCustomer,
    RestoreCustomer,
    SetCustomerFields,
    TagCustomer,
    UntagCustomer,
)
from services.customers.domain.customer.contact_points import KINDS, points_of
from services.customers.domain.customer.events import Stage
from services.customers.domain.customer.life import STAGES
from services.customers.domain.customer.state import ContactPoint, Customer

WHY: Final = "the import that said otherwise was undone"


class Reverting:
    """The commands that undo what lies between two states, and the fields that others touched."""

    def __init__(self, before: Customer, after: Customer, now: Customer) -> None:
        """Compare: `before` and `after` the change, and the customer as it is now."""
        self._before = before
        self._after = after
        self._now = now
        self.touched: list[str] = []
        self.commands: list[CustomerCommand] = []
        self._archiving()
        for field in ("kind", "name", "owner", "stage"):
            self._value(field)
        for kind in KINDS:
            self._points(kind)
        self._tags()
        self._custom()
        self._notes()
        if before.is_archived and not after.is_archived and not now.is_archived:
            self.commands.append(ArchiveCustomer(WHY))

    def _archiving(self) -> None:
        if self._after.is_archived and not self._before.is_archived and self._now.is_archived:
            self.commands.append(RestoreCustomer())

    def _value(self, field: str) -> None:
        was, became, is_now = (getattr(c, field) for c in (self._before, self._after, self._now))
        if was in (became, is_now):
            return
        if is_now != became:
            self.touched.append(field)
            return
        match field:
            case "kind":
                self.commands.append(ReclassifyCustomer(was))
            case "name":
                self.commands.append(RenameCustomer(was))
            case "owner":
                self.commands.append(AssignCustomer(was))
            case _:
                self.commands += [MoveCustomerToStage(each, WHY) for each in _way(became, was)]

    def _points(self, kind: type[ContactPoint]) -> None:
        its = KINDS[kind]
        was, became, is_now = (
            {p.id: p for p in points_of(customer, kind)}
            for customer in (self._before, self._after, self._now)
        )
        for point_id in [*became, *(i for i in was if i not in became)]:
            old, new, there = was.get(point_id), became.get(point_id), is_now.get(point_id)
            if old in (new, there):
                continue
            if there != new:
                self.touched.append(its.plural)
            elif old is None:
                self.commands.append(RemoveContactPoint(kind, point_id))
            elif new is None:
                self.commands.append(AddContactPoint(old))
            else:
                self.commands.append(ChangeContactPoint(old))
        primary = getattr(self._before, its.primary)
        if primary in {**was} and primary != getattr(self._now, its.primary):
            is_ours = getattr(self._now, its.primary) == getattr(self._after, its.primary)
            if is_ours and getattr(self._after, its.primary) != primary:
                self.commands.append(ChangeContactPoint(was[primary], make_primary=True))

    def _tags(self) -> None:
        was, became, is_now = (set(c.tags) for c in (self._before, self._after, self._now))
        added, gone = (became - was) & is_now, (was - became) - is_now
        if added:
            self.commands.append(UntagCustomer(tuple(sorted(added))))
        if gone:
            self.commands.append(TagCustomer(tuple(sorted(gone))))

    def _custom(self) -> None:
        was, became, is_now = (c.custom for c in (self._before, self._after, self._now))
        back = {}
        for name in {**was, **became}:
            if was.get(name) == became.get(name) or is_now.get(name) == was.get(name):
                continue
            if is_now.get(name) == became.get(name):
                back[name] = was.get(name)
            else:
                self.touched.append(f"custom.{name}")
        if back:
            self.commands.append(SetCustomerFields(back))

    def _notes(self) -> None:
        was, became, is_now = (
            {note.id: note for note in c.notes} for c in (self._before, self._after, self._now)
        )
        for note_id in became.keys() - was.keys():
            if note_id in is_now:
                self.commands.append(RemoveCustomerNote(note_id))
        for note_id in was.keys() - became.keys() - is_now.keys():
            self.commands.append(AddCustomerNote(note_id, was[note_id].text))


def _way(start: Stage, end: Stage) -> list[Stage]:
    """Return the stages through which a customer may go from one to the other, the last included.

    What an import could go in one step has no such step back.
    """
    ways: dict[Stage, list[Stage]] = {start: []}
    waiting = [start]
    for stage in waiting:
        for following in STAGES[stage]:
            if following not in ways:
                ways[following] = [*ways[stage], following]
                waiting.append(following)
    return ways.get(end, [end])
