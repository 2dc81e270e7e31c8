"""A process's own copy of all permissions: it follows the topic, and knows how old it is.

A batch becomes visible as one swap of the world; order is never changed. After a gap, or in a new
epoch, the copy needs a snapshot; until it has one no beat can make it young again, so whatever is
risky is denied within its limit and nothing is ever decided from half a history.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Final

import orjson

from shared.authorization.deciding import Answer, decide
from shared.authorization.freshness import Freshness
from shared.authorization.leaving import ENDS, Leaving, Leavings, who_left
from shared.authorization.questions import PLAINLY, Circumstances, Record
from shared.authorization.rights import Basis
from shared.authorization.state import PermissionEvent, Subject
from shared.authorization.world import SUBJECT, World
from shared.clock import Clock
from shared.eventstore.tokens import TokenPart
from shared.messaging.headers import ReceivedEvent, source_of
from shared.messaging.heartbeats import Beat
from shared.messaging.verdicts import Verdict, judge

SOURCE: Final = source_of("permissions")
WAIT_SECONDS: Final = 0.05
"""So long a caller who has seen more than the replica waits for it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A world at a place of the feed.

    Args:
        epoch: of the store that the feed numbers.
        world: its `position` is the feed position of the last event in it.
        place: (txid, position) of that event in the store.
        kafka_offset: where the next event should lie in the topic, if known: a hint.
        as_of: when this was all there was, if a beat told; None of one that was just made.
    """

    epoch: int
    world: World
    place: tuple[int, int] = (0, 0)
    kafka_offset: int | None = None
    as_of: datetime | None = None


class Replica:
    """What every check of a process asks; it denies everything until it has a snapshot."""

    def __init__(self, clock: Clock, applied: Callable[[float], None] | None = None) -> None:
        """Have `applied` told how late a change was, in seconds since it was recorded."""
        self._clock = clock
        self._applied = applied
        self.freshness = Freshness(clock)
        self.world = World()
        self.epoch = 0
        self.place = (0, 0)
        """(txid, position) of the last event that was applied."""
        self.needs_snapshot = True
        self.leavings = Leavings()
        """Who left since it began."""
        self._has_decided = False
        self._moved = asyncio.Event()

    def basis(self) -> Basis:
        """Return what is known now."""
        return Basis(self.world, self.epoch, self.freshness.now, self.freshness.age)

    async def has_reached(self, seen: Sequence[TokenPart]) -> bool:
        """Say whether what a caller has seen is applied; wait for it a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                while not self._has_all(seen):
                    await self._moved.wait()
        return self._has_all(seen)

    def check(
        self,
        subject: str,
        permission: str,
        record: Record | None = None,
        around: Circumstances = PLAINLY,
    ) -> Answer:
        """Return whether the subject may, why, by what, and of which position and age."""
        its = self.basis()
        return decide(its.world, subject, permission, record, its.now, its.age, around)

    def adopt(self, snapshot: Snapshot) -> bool:
        """Go on from a snapshot, unless the copy is further already; say whether it was taken."""
        at = self.epoch, self.world.position
        if (snapshot.epoch, snapshot.world.position) < at:
            return False
        if snapshot.epoch != self.epoch or snapshot.as_of is not None:
            self.freshness.begin(snapshot.as_of)
        before = self.world.subjects
        self.epoch, self.place = snapshot.epoch, snapshot.place
        self.world = snapshot.world
        # To begin with nobody leaves: whoever is gone then was never decided for.
        self._see_who_left(before, dict.fromkeys(before.keys() & self.world.subjects.keys()))
        self._has_decided = self._has_decided or isfinite(self.freshness.age)
        self.needs_snapshot = False
        self.freshness.caught_up(self.world.position)
        self._tell_moved()
        return True

    def take(self, events: Iterable[ReceivedEvent]) -> None:
        """Apply what comes next of these, as one swap; what came already is dropped."""
        coming: list[PermissionEvent] = []
        oldest: ReceivedEvent | None = None
        ended: dict[str, ReceivedEvent] = {}
        at, place = self.world.position, self.place
        for event in events:
            if event.source != SOURCE or self.needs_snapshot:
                continue
            verdict = judge(self.epoch, at, event.epoch, event.feed_position)
            if verdict is Verdict.APPLY:
                coming.append(_read(event))
                oldest = oldest or event
                if event.type in ENDS:
                    ended[event.stream.removeprefix(SUBJECT)] = event
                at, place = event.feed_position, (event.txid, event.position)
            elif verdict is not Verdict.DROP:
                self.needs_snapshot = True
        if coming:
            before = self.world.subjects
            self.world = self.world.after(coming)
            self.place = place
            self._see_who_left(before, {name: one.recorded_at for name, one in ended.items()})
            self._tell_applied(oldest)
            self.freshness.caught_up(self.world.position)
            self._tell_moved()

    def hear(self, beat: Beat) -> None:
        """Take a beat; one of another epoch proves nothing."""
        if beat.source != SOURCE:
            return
        if beat.epoch > self.epoch:
            self.needs_snapshot = True
        elif beat.epoch == self.epoch:
            self.freshness.heard(beat, self.world.position)
            self._has_decided = self._has_decided or isfinite(self.freshness.age)

    def has(self, epoch: int, txid: int, position: int) -> bool:
        """Say whether an event of the store is applied, by its place."""
        return (self.epoch, *self.place) >= (epoch, txid, position)

    def _has_all(self, seen: Sequence[TokenPart]) -> bool:
        return all(self.has(one.epoch, one.txid, one.position) for one in seen)

    def _see_who_left(
        self, before: Mapping[str, Subject], ended: Mapping[str, datetime | None]
    ) -> None:
        if not ended:
            return
        now, is_at_start = self._clock.now(), not self._has_decided
        at = self.epoch, self.world.position
        for subject, its in who_left(ended, before, self.world.subjects).items():
            self.leavings.seen(Leaving(subject, its[0], now, its[1], is_at_start, *at))

    def _tell_applied(self, oldest: ReceivedEvent | None) -> None:
        """Tell how late a batch was; one that is read to begin with is history, and not late."""
        if self._applied is not None and oldest is not None and isfinite(self.freshness.age):
            self._applied((self._clock.now() - oldest.recorded_at).total_seconds())

    def _tell_moved(self) -> None:
        """Wake whoever waits now; who comes later waits for the next time."""
        self._moved.set()
        self._moved = asyncio.Event()


def _read(event: ReceivedEvent) -> PermissionEvent:
    """Return the event as decisions read it; what cannot be read has no data, and denies."""
    try:
        data = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        data = None
    return PermissionEvent(
        event.feed_position, event.stream, event.type, data if isinstance(data, dict) else None
    )
