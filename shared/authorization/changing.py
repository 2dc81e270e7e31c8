"""A change is allowed only if the record may be touched as it is, and as it would be.

Looked at on one side alone, somebody could take a record that is not theirs, or put one out of
their own sight. Several changes are answered one by one, of one world and one moment.
"""

from collections.abc import Iterable

from shared.authorization.deciding import Answer, decide
from shared.authorization.questions import PLAINLY, Circumstances, Record
from shared.authorization.world import World

Change = tuple[Record | None, Record | None]
"""The record before and after; None before: it is made, None after: it is gone."""


def decide_change(
    world: World,
    subject: str,
    permission: str,
    change: Change,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> Answer:
    """Return the answer for the record before, if that refuses, else for the record after.

    A change of nothing into nothing is asked as a way in (no record). Arguments as in `decide`.
    """
    records = [record for record in change if record is not None]
    answers = [
        decide(world, subject, permission, one, now, age, around) for one in records or (None,)
    ]
    return next((answer for answer in answers if not answer[0]), answers[-1])


def decide_changes(
    world: World,
    subject: str,
    permission: str,
    changes: Iterable[Change],
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> list[Answer]:
    """Return the answer for each; whoever wants all or nothing looks for one that refuses.

    Changes of which a dynamic rule needs to know the deeds on each record are asked one by one.
    """
    return [decide_change(world, subject, permission, one, now, age, around) for one in changes]
