"""Another version answers from one moment on: never behind the one before it, on no partition."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from math import inf

import asyncpg

from shared.clock import Clock
from shared.errors import NotYetError, RuleBrokenError
from shared.postgres.lanes import Lanes
from shared.projecting.applying import CHANNEL
from shared.projecting.build_writing import BuildWriter, Progress
from shared.projecting.goals import BuildStoppedError, Goal, goal_of, read_current
from shared.projecting.marks import Followed, Mark, MarkMovedError, move_marks, read_marks
from shared.projecting.parts import ProjectionParts
from shared.projecting.reading import read_events
from shared.projecting.store_feed import marks_after

log = logging.getLogger(__name__)

# More than this is folded before; meanwhile the old version waits.
MOST = 5_000
WAIT_SECONDS = 30.0
LOCKED_SECONDS = 2.0
LOOK_SECONDS = 0.02
# While the swap waits for an open transaction that has read the read model, all readers wait too.
SWAP_WITHIN = "set local lock_timeout = '300ms'"
HELD_UP_SECONDS = 2.0
NEAR = 1_000

LOCK_CURRENT = """select version from projection_versions
    where projection = $1 and state = 'current' for update"""
# In this order always, so that two who lock them take turns.
LOCK_MARKS = """select partition from projection_marks
    where projection = $1 and version = $2 and source = $3 and topic = $4
    order by partition for update"""
# Nobody who keeps this version could write into one of another shape.
OF_ONE_SHAPE = """select count(distinct shape) = 1 from projection_versions
    where projection = $1 and (version = $2 or state = 'current')"""
PREVIOUS = """select version from projection_versions
    where projection = $1 and state = 'previous' and ($2::int is null or version = $2)"""
SWAP = "select swap_projection_version($1, $2, $3)"
NOTIFY = "select pg_notify($1, $2)"


async def hand_over(
    parts: ProjectionParts,
    followed: Followed,
    lanes: Lanes,
    writer: BuildWriter,
    progress: Progress,
) -> bool:
    """Fold the rest while the old version waits, and let `followed.version` answer instead.

    Returns False, with nothing changed, if too much is left to let anybody wait for it.

    Raises:
        LockNotAvailableError: an open transaction has read the read model; nothing was changed.
    """
    discarded = writer.discarded
    async with lanes.lane() as connection, connection.transaction():
        await writer.hold(connection, progress)
        current = await _lock_current(connection, followed)
        own = await read_marks(connection, followed)
        epoch = (await parts.feed.behind(own, {})).epoch
        goal = goal_of(epoch, current, own)
        rest = goal.rest(own) if goal.marks is not None else dict.fromkeys(own, MOST)
        if goal.marks is not None and sum(rest.values()) > MOST:
            return False
        page = await parts.feed.behind(own, rest)
        moves = marks_after(own, page.events)
        events = await read_events(page.events, parts.codec, parts.ciphers, discarded)
        await writer.apply(connection, events, list(moves.values()))
        own.update({p: new for p, (_, new) in moves.items()})
        if goal.marks is not None:
            await move_marks(connection, followed, _at_the_goal(goal, own), parts.clock.now())
        follows = goal.marks is not None and await connection.fetchval(
            OF_ONE_SHAPE, followed.projection, followed.version
        )
        await _swap(connection, followed, keep=follows)
    return True


async def go_back(parts: ProjectionParts, *, version: int | None = None) -> int:
    """Let the previous version answer again, once it has passed the current one; return its number.

    It follows the events all the time, so this takes moments, unless it is broken too.

    Raises:
        RuleBrokenError: there is no previous version, or not of that number.
        NotYetError: it did not pass the current one within 30 seconds; nothing was changed.
    """
    followed, clock = parts.followed, parts.clock
    until = clock.monotonic() + WAIT_SECONDS
    while True:
        async with parts.views.lane() as connection:
            number = await connection.fetchval(PREVIOUS, followed.projection, version)
            if number is None:
                raise _no_way_back(followed)
            if await _may_go_back(connection, followed, number, clock):
                return int(number)
        if clock.monotonic() > until:
            raise _too_far_behind(followed, number)
        await asyncio.sleep(LOOK_SECONDS)


async def _may_go_back(
    connection: asyncpg.Connection, followed: Followed, number: int, clock: Clock
) -> bool:
    """Swap if this version is near the current one, or say that it is not."""
    its = replace(followed, version=number)
    _, current = await read_current(connection, followed)
    if _behind(await read_marks(connection, its), current) > NEAR:
        return False
    try:
        async with connection.transaction():
            return await _back_to(connection, its, clock)
    except MarkMovedError:
        return False  # Another process swapped meanwhile.
    except asyncpg.LockNotAvailableError:
        log.warning("an open transaction holds the read model: the way back waits")
        await asyncio.sleep(HELD_UP_SECONDS)
        return False


async def _back_to(connection: asyncpg.Connection, its: Followed, clock: Clock) -> bool:
    """Hold the current version still for a moment and wait until this one is level."""
    current = await _lock_current(connection, its)
    until = clock.monotonic() + LOCKED_SECONDS
    while _behind(await read_marks(connection, its), current):
        if clock.monotonic() > until:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    await _swap(connection, its, keep=True)
    return True


def _behind(own: Mapping[int, Mark], current: Mapping[int, Mark]) -> float:
    """Return how many events `own` is behind; it is never level with a later epoch."""
    missing = 0.0
    for partition, mark in current.items():
        at = own.get(partition, Mark(partition))
        if mark.epoch in {at.epoch, 0}:
            missing += max(mark.feed_position - at.feed_position, 0)
        elif at.epoch < mark.epoch:
            missing = inf if at.epoch else missing + mark.feed_position
    return missing


async def _lock_current(connection: asyncpg.Connection, followed: Followed) -> dict[int, Mark]:
    """Let the version that answers stand still until the transaction ends; return its marks.

    Raises:
        MarkMovedError: another version began to answer at this moment.
    """
    number = await connection.fetchval(LOCK_CURRENT, followed.projection)
    if number is None:
        raise MarkMovedError
    await connection.fetch(LOCK_MARKS, followed.projection, number, followed.source, followed.topic)
    return (await read_current(connection, followed))[1]


def _at_the_goal(goal: Goal, own: Mapping[int, Mark]) -> list[tuple[Mark, Mark]]:
    """Return how own marks become those of the old version, with their place in Kafka's log.

    Raises:
        BuildStoppedError: the store has another event where the old version was.
    """
    moves = []
    for partition, mark in (goal.marks or {}).items():
        at = own[partition]
        if mark.epoch == 0 or at.feed_position > mark.feed_position:
            continue
        if (at.epoch, at.txid, at.position) != (mark.epoch, mark.txid, mark.position):
            raise BuildStoppedError(
                f"event {mark.feed_position} of partition {partition} is another one in the store"
                " than in the read model",
                fix="the store went back without being told: `daybook restore --check`",
                who_can_help="an operator",
            )
        moves.append((at, mark))
    return moves


async def _swap(connection: asyncpg.Connection, followed: Followed, *, keep: bool) -> None:
    await connection.execute(SWAP_WITHIN)
    await connection.execute(SWAP, followed.projection, followed.version, keep)
    await connection.execute(NOTIFY, CHANNEL, followed.projection)


def _no_way_back(followed: Followed) -> RuleBrokenError:
    return RuleBrokenError(
        f"{followed.projection} has no such previous version",
        code="no-previous-version",
        fix="`daybook projections list` shows the versions; `rebuild` makes a new one",
        who_can_help="an operator",
    )


def _too_far_behind(followed: Followed, number: int) -> NotYetError:
    return NotYetError(
        f"version {number} of {followed.projection} could not take over: it is still behind the one"
        " that answers, or an open transaction in views reads that one",
        fix="`daybook lag` shows whether it moves, pg_stat_activity who reads; order it again",
        who_can_help="an operator",
        retry_after_seconds=30,
    )
