"""How far a read model is behind another service's store is counted from what that service says.

Nobody reads another's store: it is asked how many events each partition has, by its own lag route.
Since when something waits is since when it was first seen here to wait.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx

from shared.clock import Clock
from shared.errors import UnavailableError
from shared.postgres.lanes import Lanes
from shared.projecting.lag import PartitionLag, WayLag
from shared.projecting.marks import READ_CURRENT, Followed, Mark

ASKED_EVERY_SECONDS: Final = 5.0
NOBODY_KNOWS: Final = "unknown"
"""The state of a way whose source does not say how much it has; its numbers are the last known."""
_OK: Final = 200
_REFUSED: Final = 401


class SeenMarks:
    """The marks of the version of a read model that answers, as of the last look."""

    def __init__(self, views: Lanes, followed: Followed) -> None:
        self.followed = followed
        self.marks: dict[int, Mark] = {}
        self.is_informed = False
        self._views = views

    async def look(self) -> None:
        """Look now; while the database does not answer nothing is known of the read model."""
        its = self.followed
        try:
            rows = await self._views.fetch(READ_CURRENT, its.projection, its.source, its.topic)
        except UnavailableError:
            self.is_informed = False
            return
        self.marks = {row["partition"]: Mark(*tuple(row)[:6]) for row in rows}
        self.is_informed = True


@dataclass(frozen=True, slots=True)
class Stored:
    """How many events a service says that it has, by topic and partition, and when it said so."""

    epoch: int
    events: Mapping[tuple[str, int], int]
    at: datetime


class SourceLag:
    """Asks one other service, at most every five seconds, with the token of a service account."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        token: Callable[[], Awaitable[str]],
        forget: Callable[[], None],
        clock: Clock,
    ) -> None:
        """Ask `{url}/v1/lag`; `forget` is told that the token was refused."""
        self._http = http
        self._url = f"{url.rstrip('/')}/v1/lag"
        self._token = token
        self._forget = forget
        self._clock = clock
        self._asked_at: float | None = None
        self.last: Stored | None = None
        self.is_answering = False

    async def ask(self) -> None:
        """Ask if it is time to; what it said last stays where it does not answer."""
        now = self._clock.monotonic()
        if self._asked_at is not None and now - self._asked_at < ASKED_EVERY_SECONDS:
            return
        self._asked_at = now
        try:
            headers = {"Authorization": f"Bearer {await self._token()}"}
            answer = await self._http.get(self._url, headers=headers)
            self.is_answering = answer.status_code == _OK
            if answer.status_code == _REFUSED:
                self._forget()
            if self.is_answering:
                self.last = _read(answer.json(), self._clock.now())
        except (httpx.HTTPError, UnavailableError, ValueError, KeyError, TypeError):
            self.is_answering = False


@dataclass(slots=True)
class _Waiting:
    """How much a partition was seen to have, each time it had more, and since when."""

    seen: list[tuple[datetime, int]] = field(default_factory=list)

    def since(self, at: datetime, stored: int, reached: int) -> datetime | None:
        """Return since when anything waits that is not reached yet; None: nothing does."""
        self.seen = [one for one in self.seen if one[1] > reached]
        if stored > reached and (not self.seen or stored > self.seen[-1][1]):
            self.seen.append((at, stored))
        return self.seen[0][0] if self.seen else None


class WayElsewhere:
    """One read model that follows another service's topic."""

    def __init__(self, source: SourceLag, marks: SeenMarks, clock: Clock) -> None:
        self._source = source
        self._marks = marks
        self._clock = clock
        self._waiting: dict[int, _Waiting] = {}

    async def measure(self) -> WayLag:
        """Say how far it is behind, as far as anybody knows."""
        await self._source.ask()
        await self._marks.look()
        its, told = self._marks.followed, self._source.last
        is_known = told is not None and self._marks.is_informed
        parts = [self._part(p, told) for p in range(its.partitions)] if told and is_known else []
        if told is None or not (is_known and self._source.is_answering):
            return WayLag(its.topic, its.projection, NOBODY_KNOWS, parts)
        epochs = {mark.epoch for mark in self._marks.marks.values()} - {0}
        is_earlier = any(epoch < told.epoch for epoch in epochs)
        return WayLag(its.topic, its.projection, "rebuilding" if is_earlier else "live", parts)

    def _part(self, partition: int, told: Stored) -> PartitionLag:
        mark = self._marks.marks.get(partition, Mark(partition))
        reached = mark.feed_position if mark.epoch in {0, told.epoch} else 0
        stored = max(told.events.get((self._marks.followed.topic, partition), 0), reached)
        waiting = self._waiting.setdefault(partition, _Waiting())
        since = waiting.since(told.at, stored, reached)
        seconds = 0.0 if since is None else (self._clock.now() - since).total_seconds()
        is_known = self._source.is_answering
        return PartitionLag(partition, stored, reached, max(seconds, 0.0), since, not is_known)


def _read(said: Mapping[str, Any], at: datetime) -> Stored:
    events = {(way["topic"], int(way["partition"])): int(way["stored"]) for way in said["relay"]}
    return Stored(int(said["epoch"]), events, at)
