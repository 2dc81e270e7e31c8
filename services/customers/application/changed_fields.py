"""Between two moments of a customer each field that differs is told once: then, now, by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.customers.application.loading import HistoryStep
from services.customers.domain.customer.fields import Change, changes
from shared.eventstore.tokens import Moment, TokenPart


@dataclass(frozen=True, slots=True)
class ChangedField:
    """One field that differs, and the event that made it what it is now."""

    change: Change
    step: HistoryStep


def version_at(steps: Sequence[HistoryStep], moment: Moment) -> int:
    """Return the version that a customer was at then; 0 before its registration."""
    return max((s.recorded.version for s in steps if _is_until(s, moment)), default=0)


def changed_fields(steps: Sequence[HistoryStep], since_version: int) -> list[ChangedField]:
    """Return what differs between a version and the last step, in the order of the fields.

    What changed and changed back does not differ. Of lists each item is told by itself.
    """
    later = [step for step in steps if step.recorded.version > since_version]
    if not later:
        return []
    made_by = {_what(change): step for step in later for change in changes(step.before, step.after)}
    differing = changes(later[0].before, later[-1].after)
    return [ChangedField(change, made_by[_what(change)]) for change in differing]


def _is_until(step: HistoryStep, moment: Moment) -> bool:
    recorded = step.recorded
    if isinstance(moment, TokenPart):
        return (recorded.txid, recorded.position) <= (moment.txid, moment.position)
    return recorded.recorded_at <= moment


def _what(change: Change) -> tuple[str, Any]:
    """Return what a change is of: the field, and the item of a list."""
    for side in (change.before, change.after):
        if isinstance(side, Mapping) and "id" in side:
            return change.field, side["id"]
    return change.field, None
