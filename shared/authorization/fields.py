"""What somebody sees of a record, field by field: its value, a mask, or nothing at all.

A field that is not classed is restricted and left out. A way shows a field only if it reaches the
record by itself, so the highest clearance among the ways that do is the one that counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.authorization.codes import Code
from shared.authorization.compiling import ways_of
from shared.authorization.deciding import Answer, decide, miss
from shared.authorization.questions import PLAINLY, Circumstances, Record, facts_of
from shared.authorization.reasons import words
from shared.authorization.state import FieldClass
from shared.authorization.truth import NO_FACTS
from shared.authorization.world import World
from shared.errors import InvalidInputError, NotPermittedError

MASK: Final = "••••••"
"""What is shown instead of a masked value, whatever the value's length."""
_UNCLASSED: Final = FieldClass()
_NO_CLEARANCE: Final = -1


class Outcome(StrEnum):
    """What becomes of a field in an answer."""

    SHOW = "show"
    MASK = "mask"
    OMIT = "omit"


_OTHERWISE: Final[Mapping[str, Outcome]] = {"mask": Outcome.MASK, "omit": Outcome.OMIT}


@dataclass(frozen=True, slots=True)
class FieldView:
    """The fields of one resource type as one clearance sees them."""

    classes: Mapping[str, FieldClass]
    clearance: int
    """A rank of Clearance, or -1: sees nothing."""

    def outcome(self, field: str) -> Outcome:
        """Return what becomes of a field, whether or not it was ever heard of."""
        its = self.classes.get(field, _UNCLASSED)
        if its.data_class <= self.clearance:
            return Outcome.SHOW
        # Whoever may not see the record at all does not learn which of its fields have a value.
        return Outcome.OMIT if self.clearance == _NO_CLEARANCE else _OTHERWISE[its.otherwise]

    def seen(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the values as they are shown; also whether there is one is hidden by the mask."""
        shown: dict[str, object] = {}
        for field, value in values.items():
            outcome = self.outcome(field)
            if outcome is Outcome.SHOW:
                shown[field] = value
            elif outcome is Outcome.MASK:
                shown[field] = MASK
        return shown

    def refuse_unseen(self, given: Mapping[str, object]) -> None:
        """Refuse to write what the writer may not see, or what is the mask of it.

        Raises:
            InvalidInputError: a value is, or holds, the mask.
            NotPermittedError: a field is masked or left out for the writer.
        """
        for field, value in given.items():
            if _holds_mask(value):
                raise InvalidInputError(
                    "A masked value is not a value.",
                    field=field,
                    fix="Leave the field out: what is stored stays as it is.",
                )
        self.refuse_to_look_by(given)

    def refuse_to_look_by(self, fields: Iterable[str]) -> None:
        """Refuse to sort, filter or search by what is not shown: the order alone would tell it.

        Raises:
            NotPermittedError: a field is masked or left out.
        """
        for field in fields:
            if self.outcome(field) is not Outcome.SHOW:
                raise NotPermittedError(
                    "You may not use this field.",
                    field=field,
                    fix="Leave the field out, or ask for a role with a higher clearance.",
                    who_can_help=words(Code.SENSITIVITY).who_can_help,
                )


def view_of(
    world: World,
    subject: str,
    permission: str,
    record: Record,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> tuple[Answer, FieldView]:
    """Return the answer for a record, and what the subject sees of its fields."""
    answer = decide(world, subject, permission, record, now, age, around)
    entry = world.entry(subject)
    if not answer[0] or entry is None:
        return answer, _view(world, record.type, _NO_CLEARANCE)
    ways = ways_of(world.policy, entry, permission)
    clearance, facts = _NO_CLEARANCE, NO_FACTS
    for way in ways:
        if way.clearance <= clearance:
            continue
        if way.more is not None and facts is NO_FACTS:
            facts = facts_of(subject, entry.subject, record, around)
        if miss(world, entry, subject, way, record, now, facts) is None:
            clearance = way.clearance
    return answer, _view(world, record.type, clearance)


def view_of_every_record(
    world: World,
    subject: str,
    permission: str,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> FieldView:
    """Return what is seen of whichever record a list may hold: by this it may be sorted.

    Ways that are not in their window count as well: fewer fields are shown then, never more.
    """
    type_ = permission.partition(":")[0]
    entry = world.entry(subject)
    if entry is None or not decide(world, subject, permission, None, now, age, around)[0]:
        return _view(world, type_, _NO_CLEARANCE)
    return _view(
        world, type_, min(way.clearance for way in ways_of(world.policy, entry, permission))
    )


def _view(world: World, type_: str, clearance: int) -> FieldView:
    return FieldView(world.policy.classes.get(type_, {}), clearance)


def _holds_mask(value: object) -> bool:
    if isinstance(value, str):
        return value.strip() == MASK
    if isinstance(value, Mapping):
        return any(_holds_mask(one) for one in value.values())
    return isinstance(value, Sequence) and any(_holds_mask(one) for one in value)
