"""Appending to and reading from the event store of one service."""

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter

import asyncpg

from shared.errors import (
    DiskFullError,
    UnavailableError,
    VersionConflictError,
)
from shared.events import Event, EventToAppend, Origin, RecordedEvent
from shared.eventstore.partitioning import partition_of
from shared.eventstore.refusals import key_used_for_another_body, told, unavailable
from shared.eventstore.reserve import DiskReserve
from shared.eventstore.rows import EVENT_COLUMNS, event_of
from shared.eventstore.shapes import StoredShapes
from shared.eventstore.tokens import Moment, TokenPart
from shared.eventstore.writing import (
    NOTHING_TO_REMEMBER,
    Appended,
    Remember,
    StreamAppend,
    arguments_of_many,
    as_arguments,
    checked,
)
from shared.observability.metrics import UNMEASURED, Metrics
from shared.postgres.lanes import Lanes

APPEND = """select * from append_to_stream($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
    $14, $15, $16, $17, $18, $19, $20, $21, $22)"""
APPEND_MANY = """select * from append_to_streams($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
    $13, $14, $15, $16, $17)"""
LOAD = f"select {EVENT_COLUMNS} from events e where e.stream = $1 order by e.version"
LOAD_STREAMS = (
    f"select {EVENT_COLUMNS} from events e where e.stream = any ($1::text[])"
    " order by e.stream, e.version"
)
LOAD_UP_TO = (
    f"select {EVENT_COLUMNS} from events e where e.stream = $1 and e.version <= $2"
    " order by e.version"
)
LOAD_AS_OF = (
    f"select {EVENT_COLUMNS} from events e where e.stream = $1 and e.recorded_at <= $2"
    " order by e.version"
)
LOAD_LAST = f"""select {EVENT_COLUMNS} from streams s
    join events e on e.stream = s.stream and e.version = s.version where s.stream = $1"""
# The types stand in the statement: only so does the planner see that a partial index has them.
LOAD_FIRST_AND = f"""select {EVENT_COLUMNS} from events e where e.stream = $1 and e.version = 1
    union all
    (select {EVENT_COLUMNS} from events e
        where e.stream = $1 and e.version > 1 and e.type in (%s) order by e.version)"""
ENDED_OTHERWISE = """select s.stream from streams s
    join events e on e.stream = s.stream and e.version = s.version
    where s.stream = any($1::text[]) and e.type <> all($2::text[])"""
LOAD_UP_TO_PLACE = (
    f"select {EVENT_COLUMNS} from events e where e.stream = $1"
    " and (e.txid, e.position) <= ($2::xid8, $3::bigint) order by e.version"
)
REMEMBERED = """select i.body_mac, i.status, i.location, i.stream, i.version, s.epoch, e.txid,
    e.position, e.partition
    from idempotency i cross join store s
    left join events e on e.stream = i.stream and e.version = i.version
    where i.key = $1"""
LACKING = """select s.stream from streams s where s.stream > $1 and s.stream < $2
    and not exists (select from events e where e.stream = s.stream and e.type = $3)
    order by s.stream"""
MAX_TRIES = 5


class EventStore:
    """The event store of one service; safe to share between tasks."""

    def __init__(
        self,
        lanes: Lanes,
        service: str,
        partitions: int,
        metrics: Metrics = UNMEASURED,
        reserve: DiskReserve | None = None,
    ) -> None:
        self._lanes = lanes
        self._reserve = reserve
        self._metrics = metrics
        self.shapes = StoredShapes(lanes)
        self.service = service
        self.partitions = partitions

    async def append(
        self,
        stream: str,
        subject: str,
        expected_version: int,
        events: Sequence[EventToAppend],
        origin: Origin,
        recorded_at: datetime,
        remember: Remember = NOTHING_TO_REMEMBER,
    ) -> Appended:
        """Store the events of one command behind version `expected_version` (0: a new stream).

        One call is one transaction. With `remember` the answer is kept under the idempotency key;
        if the key is known, nothing is written and the first answer comes back (`is_replay`).

        Raises:
            VersionConflictError: the stream is at another version.
            InvalidInputError: the idempotency key was used for another body.
            EventTooLargeError: an event is over 60,000 bytes.
            UnavailableError: PostgreSQL does not answer; the command may or may not have happened,
                the idempotency key tells on the next try.
            DiskNearlyFullError: there is too little room; what was answered before still is.
        """
        checked(events)
        if self._reserve is not None and self._reserve.state == "nearly full":
            answered = await self.remembered(remember) if remember.key is not None else None
            if answered is not None:
                return answered
            self._reserve.refuse_if_short()
        arguments = (
            remember.key, remember.body_mac, remember.status, remember.location,
            stream, expected_version, subject, partition_of(subject, self.partitions),
            recorded_at, origin.actor, origin.correlation_id, origin.causation_id,
            origin.connection, origin.traceparent,
            *as_arguments(events),
        )  # fmt: skip
        row = await self._call(APPEND, arguments, events)
        return Appended.from_row(self.service, row)

    async def append_many(
        self, appends: Sequence[StreamAppend], origin: Origin, recorded_at: datetime
    ) -> TokenPart:
        """Store events of many streams in one transaction; all of them or none.

        Returns the place of the last event. A stream may appear once.

        Raises:
            VersionConflictError: one of the streams is at another version.
            EventTooLargeError: an event is over 60,000 bytes.
            DiskNearlyFullError: there is too little room.
        """
        return await self.append_with(APPEND_MANY, appends, origin, recorded_at)

    async def append_with(
        self,
        sql: str,
        appends: Sequence[StreamAppend],
        origin: Origin,
        recorded_at: datetime,
        *more: object,
    ) -> TokenPart:
        """Do as `append_many` by a statement that does more in the same transaction.

        It hands its first 17 parameters to append_to_streams before it writes anything, if there
        are streams, and gets `more` behind them. Without events the token names no place.
        """
        self.refuse_if_short()
        partitions = [partition_of(a.subject, self.partitions) for a in appends]
        arguments = arguments_of_many(appends, partitions, origin, recorded_at)
        every = [event for append in appends for event in append.events]
        row = await self._call(sql, (*arguments, *more), every)
        partition = partitions[-1] if partitions else 0
        return TokenPart(self.service, row["o_epoch"], partition, row["o_txid"], row["o_position"])

    def refuse_if_short(self) -> None:
        """Raise DiskNearlyFullError while there is too little room to write."""
        if self._reserve is not None:
            self._reserve.refuse_if_short()

    async def load(
        self, stream: str, *, version: int | None = None, as_of: Moment | None = None
    ) -> list[RecordedEvent]:
        """Return the stream's events in order: all, up to a version, or up to a moment.

        A place of any partition is a moment of every stream: the log has one order.
        """
        if version is not None:
            rows = await self._lanes.fetch(LOAD_UP_TO, stream, version)
        elif isinstance(as_of, TokenPart):
            rows = await self._lanes.fetch(LOAD_UP_TO_PLACE, stream, as_of.txid, as_of.position)
        elif as_of is not None:
            rows = await self._lanes.fetch(LOAD_AS_OF, stream, as_of)
        else:
            rows = await self._lanes.fetch(LOAD, stream)
        return [event_of(row) for row in rows]

    async def load_last(self, stream: str) -> RecordedEvent | None:
        """Return the stream's last event; None if there is no such stream."""
        row = await self._lanes.fetchrow(LOAD_LAST, stream)
        return None if row is None else event_of(row)

    async def load_first_and(
        self, stream: str, types: Sequence[type[Event]]
    ) -> list[RecordedEvent]:
        """Return the stream's first event and, of those behind it, the ones of these types.

        In order; none if there is no such stream.
        """
        named = ", ".join(f"'{each.__name__}'" for each in types)
        return [event_of(row) for row in await self._lanes.fetch(LOAD_FIRST_AND % named, stream)]

    async def load_streams(self, streams: Sequence[str]) -> list[RecordedEvent]:
        """Return the events of several streams, stream by stream, each in order."""
        rows = await self._lanes.fetch(LOAD_STREAMS, streams)
        return [event_of(row) for row in rows]

    async def remembered(self, remember: Remember) -> Appended | None:
        """Return the answer kept under an idempotency key, or None.

        Raises:
            InvalidInputError: the key was used for another body.
        """
        rows = await self._lanes.fetch(REMEMBERED, remember.key)
        if not rows:
            return None
        if rows[0]["body_mac"] != remember.body_mac:
            raise key_used_for_another_body()
        return Appended.from_remembered(self.service, rows[0])

    async def version_of(self, stream: str) -> int:
        """Return the stream's version; 0 if there is no such stream."""
        rows = await self._lanes.fetch("select version from streams where stream = $1", stream)
        return int(rows[0]["version"]) if rows else 0

    async def streams_lacking(self, prefix: str, type_name: str | None) -> list[str]:
        """Return the streams `prefix`… in which no such event has happened (None: all), by name."""
        # No stream name holds the highest character there is.
        rows = await self._lanes.fetch(LACKING, prefix, prefix + chr(0x10FFFF), type_name)
        return [row["stream"] for row in rows]

    async def streams_ended_otherwise(
        self, streams: Sequence[str], types: Sequence[str]
    ) -> list[str]:
        """Return which of these streams are there and end with an event of none of these types."""
        rows = await self._lanes.fetch(ENDED_OTHERWISE, streams, types)
        return [row["stream"] for row in rows]

    async def probe(self, stream: str) -> None:
        """Prove that an append would work now: one is made, taken back, and committed.

        Args:
            stream: a name that nobody else uses, so that no one waits for another's probe.

        Raises:
            UnavailableError: PostgreSQL does not answer.
        """
        await self._lanes.execute("select append_probe($1)", stream)

    async def epoch(self) -> int:
        """Return which life of the store this is."""
        rows = await self._lanes.fetch("select epoch from store")
        return int(rows[0]["epoch"])

    async def _call(
        self, sql: str, arguments: Sequence[object], events: Sequence[EventToAppend]
    ) -> asyncpg.Record:
        if self.shapes.lack(events):
            await self.shapes.put_down(events)
        row = await self._try(sql, arguments)
        if row["o_epoch"] != self.shapes.epoch:
            await self.shapes.stay_in(row["o_epoch"])
        return row

    async def _try(self, sql: str, arguments: Sequence[object]) -> asyncpg.Record:
        began = perf_counter()
        for _ in range(MAX_TRIES):
            try:
                row = await self._lanes.fetchrow(sql, *arguments)
            except DiskFullError:
                raise
            except UnavailableError as error:
                raise unavailable() from error
            except asyncpg.PostgresError as error:
                if error.sqlstate != "DBRTY":
                    raise told(error) from error
            else:
                if row is None:
                    raise UnavailableError("the append answered nothing", fix="try again")
                self._metrics.observe("daybook_append_seconds", perf_counter() - began)
                return row
        raise VersionConflictError(
            "others keep changing this at the same moment", fix="read it again and try again"
        )
