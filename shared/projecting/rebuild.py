"""A new version is folded from the store beside the one that answers, and takes over its place.

Page after page in transactions of their own, with the marks, so that whoever goes on after a death
loses one page at most. While one page is written the next is opened and the one after that read.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg

from shared.messaging.headers import ReceivedEvent
from shared.postgres.lanes import Lanes
from shared.projecting.applied import AppliedEvent
from shared.projecting.build_writing import BuildWriter, Progress
from shared.projecting.goals import BuildStoppedError, EarlierLifeError, Goal, goal_of, read_current
from shared.projecting.handover import HELD_UP_SECONDS, hand_over
from shared.projecting.marks import Mark, read_marks
from shared.projecting.pace import Pace
from shared.projecting.parts import ProjectionParts
from shared.projecting.reading import read_events
from shared.projecting.store_feed import FeedPage, marks_after
from shared.projecting.versions import Versions

log = logging.getLogger(__name__)

# A page that is opened holds up everything else in the process for so many events only.
OPENED_AT_A_TIME = 250
# What is left when the handover begins; it folds this while the old version waits.
LITTLE = 1_000


class Rebuild:
    """Builds one version; every process that sees it may try, one holds the lease."""

    def __init__(self, parts: ProjectionParts, version: int, lanes: Lanes, builder: UUID) -> None:
        """Build in `lanes`, whose connections see the version's tables, as `builder`."""
        self._parts = parts
        self._followed = replace(parts.followed, version=version)
        self._lanes = lanes
        self._builder = builder
        self._versions = Versions(parts.views, parts.followed.projection)
        self._pace = Pace(parts.clock)
        self._writer = BuildWriter(
            parts.projection, self._followed, lanes, self._builder, parts.clock
        )
        self._marks: dict[int, Mark] = {}

    async def run(self, stop: asyncio.Event) -> bool:
        """Fold and hand over; return whether the version answers now.

        False: told to stop, or another process builds it.

        Raises:
            PoisonError, BuildStoppedError: it cannot go on by itself.
            EarlierLifeError: the store went back in time; this version is void.
            BuildTakenError, MarkMovedError: another process builds it meanwhile.
            UnavailableError: a server does not answer.
        """
        version = self._followed.version
        if not await self._versions.claim(version, self._builder):
            return False
        self._writer.discarded = await self._parts.discarded()
        async with self._lanes.lane() as connection:
            self._marks = await read_marks(connection, self._followed)
        told = {"projection": self._followed.projection, "version": version}
        log.info("a version is being built", extra={**told, "events_done": self.events_done})
        while not stop.is_set():
            goal = await self._goal()
            if goal.marks is None or sum(goal.rest(self._marks).values()) > LITTLE:
                await self._fold(goal, stop)
            if not stop.is_set() and await self._hand_over():
                log.info("a new version answers", extra={**told, "events_done": self.events_done})
                return True
        await self._versions.release(version, self._builder)
        return False

    async def _hand_over(self) -> bool:
        try:
            return await hand_over(
                self._parts, self._followed, self._lanes, self._writer, self._progress(0)
            )
        except asyncpg.LockNotAvailableError:
            log.warning("an open transaction holds the read model: the handover waits")
            await self._versions.claim(self._followed.version, self._builder)
            await asyncio.sleep(HELD_UP_SECONDS)
            return False

    @property
    def events_done(self) -> int:
        """How many events the version has, as far as this process knows."""
        return sum(mark.feed_position for mark in self._marks.values())

    async def _goal(self) -> Goal:
        """Return how far to fold from here."""
        async with self._parts.views.lane() as connection:
            _, current = await read_current(connection, self._followed)
        epoch = (await self._parts.feed.behind(self._marks, {})).epoch
        return goal_of(epoch, current, self._marks)

    async def _fold(self, goal: Goal, stop: asyncio.Event) -> None:
        """Fold up to the goal; without one until little comes."""
        ahead, writing = dict(self._marks), None
        reading = asyncio.create_task(self._read(goal, ahead))
        try:
            while not stop.is_set():
                began = self._parts.clock.monotonic()
                page = await reading
                moves = marks_after(ahead, page.events)
                ahead.update({p: new for p, (_, new) in moves.items()})
                if not page.events:
                    break
                reading = asyncio.create_task(self._read(goal, ahead))
                events = await self._open(page)
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._write(goal, events, list(moves.values())))
                if goal.marks is None and len(page.events) < LITTLE:
                    break
                await self._pace.after(len(page.events), self._parts.clock.monotonic() - began)
            if writing is not None:
                await writing
        finally:
            await _end(reading, writing)
        self._refuse_a_short_store(goal, stop)

    async def _read(self, goal: Goal, at: dict[int, Mark]) -> FeedPage:
        """Read the next page behind these marks."""
        rest = goal.rest(at) if goal.marks is not None else dict.fromkeys(at, self._pace.page)
        share = max(self._pace.page // max(len(rest), 1), 1)
        page = await self._parts.feed.behind(at, {p: min(n, share) for p, n in rest.items()})
        if any(0 < mark.epoch < page.epoch for mark in at.values()):
            raise EarlierLifeError
        return page

    async def _open(self, page: FeedPage) -> list[AppliedEvent]:
        """Open the personal fields, a few events at a time, so that live goes on meanwhile.

        While a few are opened the key database looks for the keys of the next few.
        """
        opened: list[AppliedEvent] = []
        now: asyncio.Task[list[AppliedEvent]] | None = None
        following = None
        try:
            for first in range(0, len(page.events), OPENED_AT_A_TIME):
                some = page.events[first : first + OPENED_AT_A_TIME]
                following = asyncio.create_task(self._open_some(some))
                if now is not None:
                    opened += await now
                now = following
            if now is not None:
                opened += await now
        finally:
            await _end(now, following)
        return opened

    async def _open_some(self, events: Sequence[ReceivedEvent]) -> list[AppliedEvent]:
        return await read_events(
            events, self._parts.codec, self._parts.ciphers, self._writer.discarded
        )

    async def _write(
        self, goal: Goal, events: Sequence[AppliedEvent], moves: list[tuple[Mark, Mark]]
    ) -> None:
        async with self._parts.views.lane() as connection:
            self._pace.saw_live((await read_current(connection, self._followed))[1])
        to_do = sum(goal.rest(self._marks).values()) - len(events)
        await self._writer.write(events, moves, self._progress(to_do if goal.marks else None))
        self._marks.update({new.partition: new for _, new in moves})

    def _progress(self, to_do: int | None) -> Progress:
        return Progress(self.events_done, to_do, self._pace.events_per_second)

    def _refuse_a_short_store(self, goal: Goal, stop: asyncio.Event) -> None:
        missing = sum(goal.rest(self._marks).values())
        if missing and not stop.is_set():
            raise BuildStoppedError(
                f"the store ends {missing} events before the read model",
                fix="the store went back without being told: `daybook restore --check`",
                who_can_help="an operator",
            )


async def _end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Leave no task behind; what it failed of was told already, or is told by the next try."""
    under_way = [task for task in tasks if task is not None]
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
