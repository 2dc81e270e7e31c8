"""A change is allowed only if the record may be touched as it is, and as it would be.

Looked at on one side alone, somebody could take a record that is not theirs, or put one out of
their own sight. Several changes are answered one by one, of one world and one moment.
"""

from collections.abc import Callable, Iterable

from shared.authorization.deciding import Answer
from shared.authorization.questions import Record

Change = tuple[Record | None, Record | None]
"""The record before and after; None before: it is made, None after: it is gone."""
Ask = Callable[[Record | None], Answer]
"""Decides about one record; of None, whether about any at all."""


def decide_change(ask: Ask, change: Change) -> Answer:
    """Return the answer for the record before, if that refuses, else for the record after.

    A change of nothing into nothing is asked as a way in (no record).
    """
    before, after = change
    answer = ask(before if before is not None else after)
    if before is None or after is None or not answer[0]:
        return answer
    return ask(after)


def decide_changes(ask: Ask, changes: Iterable[Change]) -> list[Answer]:
    """Return the answer for each; whoever wants all or nothing looks for one that refuses.

    Changes of which a dynamic rule needs to know the deeds on each record are asked one by one.
    """
    return [decide_change(ask, one) for one in changes]
