"""Who may, and what: a search finds exactly what a check of each would allow.

Everything is looked at in an order that stays the same, so that pages fit together.
"""

from collections.abc import Iterator

from shared.authorization.deciding import decide
from shared.authorization.questions import PLAINLY, Circumstances, Record
from shared.authorization.world import World


def allowed_subjects(
    world: World, permission: str, record: Record, now: int, age: float,
    around: Circumstances = PLAINLY, after: str = "",
) -> Iterator[str]:  # fmt: skip
    """Yield everybody who may, by id, from the one after `after`; one check each."""
    for subject in sorted(name for name in world.subjects if name > after):
        if decide(world, subject, permission, record, now, age, around)[0]:
            yield subject


def allowed_permissions(
    world: World, subject: str, record: Record, now: int, age: float,
    around: Circumstances = PLAINLY, after: str = "",
) -> Iterator[str]:  # fmt: skip
    """Yield all that somebody may do with a record, by name, from the one after `after`."""
    prefix = f"{record.type}:"
    those = (name for name in world.policy.permissions if name.startswith(prefix) and name > after)
    for permission in sorted(those):
        if decide(world, subject, permission, record, now, age, around)[0]:
            yield permission
