"""A record is durable when `keep` returns, and many that come at once cost one transaction.

What comes while a call to the store runs goes into the next call (group commit). A record that
nobody waits for (`note`) waits up to a twentieth of a second for others, so that reads that follow
each other do not cost a transaction each; with at most 10,000 others it may wait in memory. When
there is no room, the writer waits, and nothing is dropped in silence.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from uuid6 import uuid7

from shared.clock import Clock
from shared.errors import DaybookError, UnavailableError
from shared.events import Event
from shared.eventstore.partitioning import partition_of
from shared.eventstore.record_types import RECORDS
from shared.eventstore.writing import checked
from shared.observability.failures import said_of
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import current_trace_id, current_traceparent
from shared.postgres.lanes import Lanes, is_of_the_values

log = logging.getLogger(__name__)

KEEP = "select keep_records($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
MOST_WAITING: Final = 10_000
MOST_PER_CALL: Final = 500
KEPT_WITHIN_SECONDS: Final = 5.0
NOTED_WAITS_SECONDS: Final = 0.05
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0


class RecordRefusedError(DaybookError):
    """The store refuses a record for what it holds; what it speaks of must not happen."""

    code = "record-refused"
    title = "This cannot be written down"


@dataclass(slots=True)
class _Waiting:
    """One record on its way to the store; `kept` is done when it is durable."""

    type: str
    columns: tuple[object, ...]
    kept: asyncio.Future[None]
    is_given_up: bool = False


class RecordKeeper:
    """Keeps the records of one process; safe to share between tasks, `close` at the end."""

    def __init__(
        self,
        lanes: Lanes,
        clock: Clock,
        partitions: int,
        metrics: Metrics = UNMEASURED,
        *,
        most_waiting: int = MOST_WAITING,
        within_seconds: float = KEPT_WITHIN_SECONDS,
    ) -> None:
        self._lanes = lanes
        self._clock = clock
        self.partitions = partitions
        self._metrics = metrics
        self._within_seconds = within_seconds
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(most_waiting)
        self._writing: asyncio.Task[None] | None = None
        self._is_awaited = asyncio.Event()

    async def keep(self, record: Event, *, subject: str, actor: str) -> None:
        """Return when the record is durable.

        `subject` is the customer concerned, else the actor; it decides the partition and so the
        order. Both are opaque ids.

        Raises:
            UnavailableError: it could not be kept within five seconds. If the store was reached,
                it may be kept nevertheless.
            RecordRefusedError: the store refuses it for what it holds.
        """
        waiting = self._new(record, subject, actor)
        try:
            async with asyncio.timeout(self._within_seconds):
                await self._put(waiting)
                self._is_awaited.set()
                await waiting.kept
        except TimeoutError as error:
            waiting.is_given_up = True
            raise _cannot_keep() from error

    async def note(self, record: Event, *, subject: str, actor: str) -> None:
        """Take the record, to be kept soon: a process that is killed loses what it only noted.

        Returns at once as long as there is room.

        Raises:
            UnavailableError: for five seconds there was no room, because the store takes nothing.
        """
        try:
            async with asyncio.timeout(self._within_seconds):
                await self._put(self._new(record, subject, actor))
        except TimeoutError as error:
            raise _cannot_keep() from error

    async def close(self) -> None:
        """Return when everything noted is durable; what the store does not take is told."""
        writing = self._writing
        if writing is None:
            return
        self._is_awaited.set()
        await asyncio.wait([writing], timeout=self._within_seconds)
        if not writing.done():
            writing.cancel()
            await asyncio.wait([writing])
            log.critical("records could not be kept before the end of the process")

    def _new(self, record: Event, subject: str, actor: str) -> _Waiting:
        columns = record_columns(record, subject, actor, self.partitions, self._clock.now())
        kept = asyncio.get_running_loop().create_future()
        return _Waiting(type(record).__name__, columns, kept)

    async def _put(self, waiting: _Waiting) -> None:
        if self._waiting.full():
            self._is_awaited.set()
        await self._waiting.put(waiting)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Write what waits until nothing does; ended and begun again, it never needs a stop."""
        try:
            while not self._waiting.empty():
                await self._wait_for_more()
                await self._write_group()
        finally:
            self._writing = None

    async def _wait_for_more(self) -> None:
        """Wait a moment while nobody waits for what is there, and one call can hold more."""
        if self._waiting.qsize() < MOST_PER_CALL:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_awaited.wait(), NOTED_WAITS_SECONDS)

    async def _write_group(self) -> None:
        size = min(self._waiting.qsize(), MOST_PER_CALL)
        group = [self._waiting.get_nowait() for _ in range(size)]
        if self._waiting.empty():
            self._is_awaited.clear()  # Else somebody may wait for what comes in the next call.
        if await self._refusal_of(group) is None:
            return
        # One is refused for what it holds, and nobody can say which: the others are kept alone.
        for waiting in group:
            refusal = await self._refusal_of([waiting])
            if refusal is not None:
                self._refuse(waiting, refusal)

    async def _refusal_of(self, group: list[_Waiting]) -> Exception | None:
        """Write these until the store has them; return its error if it refuses a value."""
        pause = FIRST_PAUSE_SECONDS
        while group := [waiting for waiting in group if not waiting.is_given_up]:
            columns = [list(column) for column in zip(*(w.columns for w in group), strict=True)]
            try:
                await self._lanes.execute(KEEP, *columns)
            except (UnavailableError, asyncpg.PostgresError, ValueError) as error:
                if is_of_the_values(error):
                    return error
                if pause == FIRST_PAUSE_SECONDS:
                    log.warning(
                        "records cannot be kept and are tried again",
                        extra={"error": type(error).__name__, "records": len(group)},
                    )
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                for waiting in group:
                    if not waiting.kept.done():  # whoever waited may have been cancelled
                        waiting.kept.set_result(None)
                break
        return None

    def _refuse(self, waiting: _Waiting, refusal: Exception) -> None:
        """Tell an operator, and whoever waits, that this record is not kept."""
        told = {"record": waiting.type, "problem": said_of(refusal)}
        log.critical("the store refuses a record for what it holds", extra=told)
        self._metrics.count("daybook_records_refused_total", 1, waiting.type)
        if not waiting.kept.done():
            waiting.kept.set_exception(_refused())
            waiting.kept.exception()  # seen: of a record that was only noted nobody asks


def record_columns(
    record: Event, subject: str, actor: str, partitions: int, at: datetime
) -> tuple[object, ...]:
    """Return the arguments of keep_records for one record, in its order.

    Raises:
        EventTooLargeError: the record is over 60,000 bytes.
    """
    event = RECORDS.encode(record, uuid7())
    checked([event])
    subject = _storable(subject)
    trace_id = current_trace_id()
    return (
        event.event_id,
        event.type,
        event.schema_version,
        f"records-{subject}",
        subject,
        partition_of(subject, partitions),
        at,
        _storable(actor),
        event.event_id if trace_id is None else UUID(trace_id),
        current_traceparent(),
        event.data,
    )


def _storable(given: str) -> str:
    """Return an id as the store takes it: one odd id must not stop the records of all others."""
    return given.encode("utf-8", "replace").replace(b"\0", b"?").decode()


def _cannot_keep() -> UnavailableError:
    return UnavailableError(
        "what you asked for must be written down first, and the store takes no record now",
        code="record-not-kept",
        fix="try again; `daybook status` shows whether the event store runs and has room",
        who_can_help="an operator",
        retry_after_seconds=5,
    )


def _refused() -> RecordRefusedError:
    return RecordRefusedError(
        "what you asked for must be written down first, and the store does not take its record",
        fix="tell us the trace id of this answer; repeating it changes nothing",
        who_can_help="an operator: `daybook logs customers` names the kind of record",
    )
