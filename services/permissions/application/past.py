"""All permissions as of any past moment are folded from the store, in the order of the feed."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.permissions.application.whole_log import PARTITION, read
from shared.authorization.world import World
from shared.errors import InvalidInputError, NotFoundError, RuleBrokenError
from shared.eventstore.feed import MAX_PAGE, Feed, FeedEvent
from shared.postgres.lanes import Lanes

MOST_KEPT: Final = 32
"""So many worlds at the ends of pages are kept to go on from."""
EPOCH: Final = "select epoch from store"
LIFE: Final = """select exists(select from store_epochs e where e.epoch = $1) as was_lived,
    (select min(e.began_at) from store_epochs e where e.epoch > $1) as ended_at"""
LAST_BEFORE: Final = """select e.txid, e.position from events e
    where e.partition = 0 and e.recorded_at <= $1
        and e.txid < pg_snapshot_xmin(pg_current_snapshot())
    order by e.txid desc, e.position desc limit 1"""


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last change of permissions before a moment; position 0: there was none."""

    epoch: int
    position: int
    place: tuple[int, int]
    """Where it lies in the log (txid, position)."""


def refuse_future(when: datetime, now: datetime) -> None:
    """Refuse a moment of which nothing is known yet.

    Raises:
        InvalidInputError: it is not past.
    """
    if when > now:
        raise InvalidInputError(
            "nobody knows yet what will be in force then",
            field="as_of",
            fix="send a moment that is past, or leave it out",
        )


class PastWorlds:
    """Worlds of any position; safe to share between tasks."""

    def __init__(self, lanes: Lanes, feed: Feed) -> None:
        self._lanes = lanes
        self._feed = feed
        self._one_at_a_time = asyncio.Lock()
        self._epoch = 0
        self._kept: list[World] = [World()]

    async def at(self, epoch: int, position: int) -> World:
        """Return all permissions as of a feed position.

        Before the first position nobody knew any, in whichever epoch. What an earlier epoch
        recorded has the positions that it had, as far as it outlived the restore that ended it.

        Raises:
            RuleBrokenError: the position is of a life of the store that it does not know, or of
                changes that were lost with one.
            NotFoundError: there is no such position yet.
            UnavailableError: the store does not answer.
        """
        async with self._one_at_a_time:
            now = await self._lanes.fetchval(EPOCH)
            if epoch != now and position > 0:
                await self._refuse_what_was_lost(epoch, now, position)
            if now != self._epoch:
                self._epoch, self._kept = now, [World()]
            return await self._fold(position)

    async def as_of(self, when: datetime) -> tuple[int, World]:
        """Return the epoch, and all permissions that were recorded until a moment.

        Raises:
            UnavailableError: the store does not answer.
        """
        last = await self.last_before(when)
        return last.epoch, await self.at(last.epoch, last.position)

    async def last_before(self, when: datetime) -> LastChange:
        """Return the last change that was recorded until a moment (raises as `as_of`)."""
        epoch = await self._lanes.fetchval(EPOCH)
        row = await self._lanes.fetchrow(LAST_BEFORE, when)
        if row is None:
            return LastChange(epoch, 0, (0, 0))
        place = row["txid"], row["position"]
        return LastChange(epoch, await self._feed.position_of(PARTITION, *place) or 0, place)

    async def _refuse_what_was_lost(self, epoch: int, now: int, position: int) -> None:
        """Refuse a position of another epoch, unless this store has what was recorded up to it."""
        life = await self._lanes.fetchrow(LIFE, epoch)
        if life is None or not life["was_lived"] or life["ended_at"] is None:
            raise _of_another_life(
                f"this store is in epoch {now} and was never in epoch {epoch}",
                "see that the record is one of this system, sent as it is",
                "whoever keeps the record",
            )
        last = await self.last_before(life["ended_at"])
        if position > last.position:
            raise _of_another_life(
                f"epoch {epoch} ended with a restore that kept its changes up to position"
                f" {last.position}; what was in force at {position} is gone",
                "take the record's word for it, nothing else is left; or ask what is known of"
                " a moment (as_of of POST /v1/explain)",
                "nobody: it was lost with the restore",
            )

    async def _fold(self, position: int) -> World:
        at = bisect_right(self._kept, position, key=lambda world: world.position)
        world = self._kept[at - 1]
        while world.position < position:
            limit = min(position - world.position, MAX_PAGE)
            page = await self._feed.read(PARTITION, world.position + 1, limit)
            if not page:
                raise NotFoundError(
                    f"there is no change of permissions with the position {position} yet",
                    fix=f"the last one is {world.position}",
                )
            # A page of thousands of people takes longer than others may be kept waiting for.
            world = await asyncio.to_thread(_after, world, page)
            # Each is compiled anew when it is asked, so that only what it shares is kept.
            if len(page) == MAX_PAGE:
                self._keep(world)
        return world

    def _keep(self, world: World) -> None:
        """Keep a world to go on from; of too many every other one is forgotten."""
        at = bisect_right(self._kept, world.position, key=lambda each: each.position)
        if self._kept[at - 1].position != world.position:
            self._kept.insert(at, world)
        if len(self._kept) > MOST_KEPT:
            self._kept = self._kept[::2]


def _of_another_life(problem: str, fix: str, who_can_help: str) -> RuleBrokenError:
    return RuleBrokenError(
        problem, code="position-of-another-epoch", fix=fix, who_can_help=who_can_help
    )


def _after(world: World, page: Sequence[FeedEvent]) -> World:
    return world.after([read(one) for one in page])
