"""A live stream of changes, as the directory has them: ids, types and versions, nothing else.

Each message's id says how far its reader is in every partition, so that a reader who comes back
with Last-Event-ID misses nothing.
"""

import re
from asyncio import Event as Signal
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.sight import Sight, Sights
from services.customers.domain.field.rules import NO_FIELDS
from services.customers.projections.directory_queries import DirectoryQueries, DirectoryRow
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import InvalidInputError, NotYetError
from shared.eventstore.feed import Feed, FeedEvent
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.downloads import LOOK_SECONDS, Look, NothingTakenError
from shared.web.routes import Routes
from shared.web.streams import EventStream, server_event

WAIT_SECONDS = 10.0
# A stream ends after this, and its reader comes back with the last id and a token that still holds.
LIFETIME_SECONDS = 900.0
# A reader who was away for longer reads the list instead.
MOST_MISSED = 10_000
# So many changes are read at a time; whoever reads slowly is told by how customers are by then.
AT_ONCE = 100
LAST_EVENT_ID = Parameter("Last-Event-ID", "header", "The id of the last message that came.")
PREFIX = "customer-"
NUMBER = re.compile("[0-9]{1,18}")


@dataclass(slots=True)
class Seen:
    """How far one reader is: in which life of the store, and how far in each partition."""

    epoch: int
    positions: dict[int, int]

    def __str__(self) -> str:
        return ".".join(map(str, (self.epoch, *self.positions.values())))

    def is_too_far_from(self, now: "Seen") -> bool:
        """Say whether the reader must read the list: too much to tell, or told of another life."""
        behind = sum(max(n - self.positions[p], 0) for p, n in now.positions.items())
        # Epoch 0: nothing had ever happened.
        return behind > MOST_MISSED or self.epoch not in {0, now.epoch}


class WatchRoutes:
    """The handler of the watch route."""

    def __init__(
        self,
        feed: Feed,
        directory: DirectoryQueries,
        watcher: MarkWatcher,
        clock: Clock,
        stopping: Signal,
        sights: Sights,
    ) -> None:
        self._directory = directory
        self._sights = sights
        self._feed = feed
        self._watcher = watcher
        self._clock = clock
        self._stopping = stopping

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        answer = Answer(
            "Server-sent events: `changed` with id, type and version; `resync`: read the list;"
            " `ended`: why you may not watch any more, or, if nobody knows that now, after how many"
            " seconds to come back (`retry_after_seconds`).",
            media_type="text/event-stream",
        )
        routes.add(
            "GET", "/v1/watch", "watch_customers", Permission.CUSTOMERS_WATCH, self.watch,
            parameters=[LAST_EVENT_ID], answers={200: answer},
        )  # fmt: skip

    async def watch(self, request: Request, caller: Caller) -> Response:
        """Watch changes of customers that you may watch, as they reach the directory.

        Of each change you are told if you may watch the customer as it is then; the stream ends,
        saying why, within half a second of when you may watch none any more, or of when what is
        known of your rights is too old.
        """
        if not await self._watcher.wait_for_move({}, WAIT_SECONDS):
            raise NotYetError(
                "The directory has not begun to follow the events.",
                fix="Try again in a moment; `daybook status` shows whether the projector runs.",
                who_can_help="an operator",
                retry_after_seconds=1,
            )
        missed = request.headers.get("last-event-id")
        seen = self._now() if missed is None else self._read_id(missed)
        ends_at = self._clock.monotonic() + LIFETIME_SECONDS
        return EventStream(
            self._changes(caller, seen, ends_at),
            stopping=self._stopping,
            look=self._look(caller, ends_at),
        )

    def _look(self, caller: Caller, ends_at: float) -> Look:
        still = self._sights.still(caller, Permission.CUSTOMERS_WATCH)

        def look() -> None:
            still()
            if self._clock.monotonic() >= ends_at:
                raise NothingTakenError

        return look

    async def _changes(
        self, caller: Caller, seen: Seen, ends_at: float
    ) -> AsyncGenerator[bytes, None]:
        """Yield what lies between what was seen and what the directory has, as it moves."""
        # An id without data: a reader who loses us before the first change misses none either.
        yield b"id: " + str(seen).encode() + b"\n\n"
        while self._clock.monotonic() < ends_at:
            self._sights.rights(caller).require(Permission.CUSTOMERS_WATCH)
            marks, now = self._watcher.marks, self._now()
            if seen.is_too_far_from(now):
                seen = now
                yield server_event(b"{}", event="resync", event_id=str(seen))
            seen.epoch = now.epoch
            for partition, newest in now.positions.items():
                async for chunk in self._partition(caller, partition, newest, seen):
                    yield chunk
            await self._watcher.wait_for_move(marks, LOOK_SECONDS)

    async def _partition(
        self, caller: Caller, partition: int, newest: int, seen: Seen
    ) -> AsyncGenerator[bytes, None]:
        while seen.positions[partition] < newest:
            start = seen.positions[partition] + 1
            events = await self._feed.read(partition, start, min(newest - start + 1, AT_ONCE))
            if not events:
                return
            rows = await self._directory.rows_of(sorted(_customers_of(events)))
            for item in events:
                seen.positions[partition] = item.feed_position
                event = item.event
                if event.stream.startswith(PREFIX):
                    customer_id = UUID(event.stream.removeprefix(PREFIX))
                    if self._is_watched(caller, customer_id, rows.get(customer_id)):
                        change = {
                            "id": str(customer_id),
                            "type": event.type,
                            "version": event.version,
                        }
                        yield server_event(
                            orjson.dumps(change), event="changed", event_id=str(seen)
                        )

    def _is_watched(self, caller: Caller, customer_id: UUID, row: DirectoryRow | None) -> bool:
        """Say whether the caller may watch a customer as the directory has it, by rights of now.

        Raises:
            NotPermittedError: the caller may watch none any more.
            UndecidedError: it cannot be decided now.
        """
        may = Permission.CUSTOMERS_WATCH
        sight = Sight(self._sights.rights(caller), NO_FIELDS)
        sight.rights.require(may)
        return sight.view(may, sight.record_of_row(row, customer_id)) is not None

    def _now(self) -> Seen:
        marks = self._watcher.marks
        return Seen(self._watcher.epoch, {p: marks[p].feed_position for p in sorted(marks)})

    def _read_id(self, text: str) -> Seen:
        now = self._now()
        numbers = text.split(".")
        if len(numbers) != len(now.positions) + 1 or not all(map(NUMBER.fullmatch, numbers)):
            raise InvalidInputError(
                "The Last-Event-ID is not one of this stream.",
                field="Last-Event-ID",
                fix="Send the id of the last message exactly as it came, or leave it out.",
            )
        epoch, *positions = map(int, numbers)
        return Seen(epoch, dict(zip(now.positions, positions, strict=True)))


def _customers_of(events: Sequence[FeedEvent]) -> frozenset[UUID]:
    return frozenset(
        UUID(item.event.stream.removeprefix(PREFIX))
        for item in events
        if item.event.stream.startswith(PREFIX)
    )
