"""A hundred events in one transaction cost little more than the bare INSERT of their rows.

The baseline is one unnest INSERT into a table with the same columns and indexes as `events`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.resources import files

import asyncpg

from bench.ground import Ground
from bench.measuring import Claim, Meter, Paired, Row, in_turns, must_be, pair
from bench.parts import parts
from bench.plain_table import connections
from bench.samples import NOW, new_stream, opaque_event, origin
from shared.events import Origin
from shared.eventstore.store import EventStore
from shared.eventstore.writing import StreamAppend

SIZE = 100
TRANSACTIONS = 500
ROUNDS = 9
PARTITIONS = [number % 12 for number in range(SIZE)]
COLUMNS = """stream, version, event_id, type, schema_version, subject, partition, recorded_at,
    actor, correlation_id, traceparent, data"""
ONE_STREAM = f"""insert into events ({COLUMNS})
    select $1, e.version, e.event_id, e.type, e.schema_version, $2, $3, $4, $5, $6, $7, e.data
    from unnest($8::bigint[], $9::uuid[], $10::text[], $11::smallint[], $12::bytea[])
        as e (version, event_id, type, schema_version, data)"""
NEW_STREAMS = f"""insert into events ({COLUMNS})
    select e.stream, 1, e.event_id, e.type, e.schema_version, e.subject, e.partition, $1, $2, $3,
        $4, e.data
    from unnest($5::text[], $6::text[], $7::smallint[], $8::uuid[], $9::text[], $10::smallint[],
            $11::bytea[])
        as e (stream, subject, partition, event_id, type, schema_version, data)"""

Transaction = Sequence[StreamAppend]
Step = Callable[[Transaction], Awaitable[object]]


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure transactions of one stream, then of a hundred new streams."""
    return {
        "append_many_one_stream": await _measure(ground, _growing_stream, _append, ONE_STREAM),
        "append_many_new_streams": await _measure(ground, _new_streams, _append_many, NEW_STREAMS),
    }


async def _measure(
    ground: Ground,
    made: Callable[[], Transaction],
    appending: Callable[[EventStore, Origin], Step],
    insert: str,
) -> Paired:
    asked, databases = origin(), await ground.plain_databases()
    async with parts(ground) as here, connections(databases.truth, 1) as (plain,):
        step = appending(await here.store(), asked)
        stored, inserted = Meter(), Meter()
        await plain.execute((files("shared.eventstore.sql") / "events.sql").read_text())
        bare = _inserting(await plain.prepare(insert), asked)
        sides = ((stored, step), (inserted, bare))

        async def one_round(meter: Meter, worker: Step) -> float:
            transactions = [made() for _ in range(TRANSACTIONS)]
            return SIZE * await meter.per_second(transactions, [worker])

        seen = await in_turns(ROUNDS, *(lambda side=side: one_round(*side) for side in sides))
        lanes = await here.lanes(here.databases.truth, "api", 1)
        for meter, database in ((stored, lanes), (inserted, plain)):
            there = await database.fetchval("select count(*) from events")
            must_be(SIZE * meter.done, there, "events")
        return pair(*seen)


def _growing_stream() -> Transaction:
    one = new_stream()
    return [StreamAppend(one.stream, one.subject, 0, [opaque_event() for _ in range(SIZE)])]


def _new_streams() -> Transaction:
    return [new_stream() for _ in range(SIZE)]


def _append(store: EventStore, asked: Origin) -> Step:
    async def append(transaction: Transaction) -> None:
        (one,) = transaction
        await store.append(one.stream, one.subject, 0, one.events, asked, NOW)

    return append


def _append_many(store: EventStore, asked: Origin) -> Step:
    async def append(transaction: Transaction) -> None:
        await store.append_many(transaction, asked, NOW)

    return append


def _inserting(statement: asyncpg.prepared_stmt.PreparedStatement, asked: Origin) -> Step:
    same = (NOW, asked.actor, asked.correlation_id, asked.traceparent)

    async def insert(transaction: Transaction) -> None:
        events = [event for one in transaction for event in one.events]
        columns = (
            [e.event_id for e in events], [e.type for e in events],
            [e.schema_version for e in events], [e.data for e in events],
        )  # fmt: skip
        if len(transaction) == 1:
            (one,) = transaction
            versions = list(range(1, SIZE + 1))
            await statement.fetch(one.stream, one.subject, 0, *same, versions, *columns)
        else:
            streams = [one.stream for one in transaction]
            subjects = [one.subject for one in transaction]
            await statement.fetch(*same, streams, subjects, PARTITIONS, *columns)

    return insert


ROW = Row(
    "append_many",
    (
        Claim("append_many_one_stream", 0.6, 0.85, "events/s"),
        Claim("append_many_new_streams", 0.5, 0.75, "events/s"),
    ),
    measure,
)
