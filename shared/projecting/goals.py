"""A new version is folded exactly as far as the one it stands in for, or to the feed's end."""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from shared.errors import DaybookError
from shared.projecting.marks import READ_CURRENT, Followed, Mark

NO_MARK = Mark(0)


class BuildStoppedError(DaybookError):
    """A build cannot go on by itself; somebody must mend something and order it again."""

    code = "rebuild-stopped"
    title = "The rebuild stands still"


class EarlierLifeError(Exception):
    """The store went back in time meanwhile: what was folded is of its former life."""


@dataclass(frozen=True, slots=True)
class Goal:
    """How far to fold; without marks to the feed's end, because the old version cannot go there."""

    marks: Mapping[int, Mark] | None

    def rest(self, at: Mapping[int, Mark]) -> Mapping[int, int]:
        """Return how many events are missing per partition; nothing without marks."""
        if self.marks is None:
            return {}
        wanted = {p: mark.feed_position - at[p].feed_position for p, mark in self.marks.items()}
        return {p: number for p, number in wanted.items() if number > 0}


async def read_current(
    connection: asyncpg.Connection, followed: Followed
) -> tuple[int | None, dict[int, Mark]]:
    """Return the number of the version that answers, and its marks; no number before any mark."""
    rows = await connection.fetch(
        READ_CURRENT, followed.projection, followed.source, followed.topic
    )
    marks = {row["partition"]: Mark(*tuple(row)[:6]) for row in rows}
    return (rows[0]["version"] if rows else None), marks


def goal_of(epoch: int, current: Mapping[int, Mark], own: Mapping[int, Mark]) -> Goal:
    """Say how far a version with marks `own` is to be folded while the store is in this epoch.

    Raises:
        EarlierLifeError: `own` is of an earlier epoch; it is void.
        BuildStoppedError: the read model knows a later epoch than the store.
    """
    if any(0 < mark.epoch < epoch for mark in own.values()):
        raise EarlierLifeError
    epochs = {mark.epoch for mark in current.values()} - {0}
    if any(known > epoch for known in epochs):
        raise BuildStoppedError(
            f"the read model is of epoch {max(epochs)}, the store of epoch {epoch}",
            fix="the store went back without being told: `daybook restore --check`",
            who_can_help="an operator",
        )
    if any(known < epoch for known in epochs):
        return Goal(None)
    return Goal(dict(current))
