"""A store of a size that a company has: customers by the million, each registered and renamed.

Filled by COPY, as a restored dump is, because through the front door it would take most of an hour.
BENCH_LARGE_EVENTS makes it smaller or larger than the row that asks for it says.
"""

import os
from collections.abc import Sequence
from uuid import UUID

import asyncpg
from uuid6 import uuid7

from bench.parts import Parts
from bench.plain_table import connections
from bench.samples import NOW, Happened, lives, origin
from services.customers.application.loading import stream_of
from services.customers.storage.codec import CODEC
from shared.eventstore.feed import INDEX_EVERY
from shared.eventstore.partitioning import partition_of
from shared.eventstore.store import EventStore
from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import dsn_for
from shared.security.subject_keys import SubjectKey, SubjectKeys

EVENTS_EACH = 2
TRANSACTION = 500
TOLD_TIMES = 10
STREAM_COLUMNS = ("stream", "version", "last_txid", "recorded_at")
EVENT_COLUMNS = ("txid", "stream", "version", "event_id", "type", "schema_version", "subject",
    "partition", "recorded_at", "actor", "correlation_id", "traceparent", "data")  # fmt: skip
INDEX = """insert into feed_index (topic, partition, feed_position, txid, position)
    select $1, n.partition, n.number, n.txid, n.position from (
        select e.partition, e.txid, e.position,
            row_number() over (partition by e.partition order by e.txid, e.position) as number
        from events e) n
    where n.number % $2::int = 0 on conflict do nothing"""


def events_wanted(usual: int) -> int:
    """Return how many events the large store of a row has."""
    return int(os.environ.get("BENCH_LARGE_EVENTS", usual))


class LargeLog:
    """The store of one service, filled up to where a row wants it."""

    def __init__(self, here: Parts, store: EventStore, keys: SubjectKeys) -> None:
        self.here = here
        self.store = store
        self.events = 0
        self._keys = keys

    @classmethod
    async def of(cls, here: Parts) -> "LargeLog":
        """Return the empty store of these parts."""
        return cls(here, await here.store(), await here.keys())

    async def fill(self, events: int) -> None:
        """Add customers until there are so many events, saying how far that is."""
        async with connections(dsn_for(self.here.databases.truth, "migrate"), 1) as (owner,):
            await owner.execute('set role "customers_owner"')
            tell_at = step = events // TOLD_TIMES
            while events - self.events >= EVENTS_EACH:
                wanted = (events - self.events) // EVENTS_EACH
                await self._add(owner, min(TRANSACTION, wanted))
                if self.events >= tell_at:
                    print(f"{self.events:,} events …", end=" ", flush=True)
                    tell_at += step
            # As the relay leaves it that sent them; without it no place of the feed is cheap.
            await owner.execute(INDEX, CUSTOMERS.name, INDEX_EVERY)
            # A store that has stood for a while is vacuumed; otherwise that happens in a round.
            await owner.execute("vacuum (analyze) events, streams")

    async def _add(self, owner: asyncpg.Connection, customers: int) -> None:
        keys = await self._keys.make(customers)
        ids = [uuid7() for _ in range(customers)]
        # All are registered before any is renamed: as many lives begin as go on.
        lived = sorted(lives(customers, customers * EVENTS_EACH), key=lambda one: one.version)
        async with owner.transaction():
            txid = await owner.fetchval("select pg_current_xact_id()")
            streams = [(stream_of(one), EVENTS_EACH, txid, NOW) for one in ids]
            await owner.copy_records_to_table("streams", records=streams, columns=STREAM_COLUMNS)
            events = _rows(txid, lived, ids, keys)
            await owner.copy_records_to_table("events", records=events, columns=EVENT_COLUMNS)
        self.events += len(events)


def _rows(
    txid: int, lived: Sequence[Happened], ids: Sequence[UUID], keys: Sequence[SubjectKey]
) -> list[tuple[object, ...]]:
    """Return the rows of `events`, sealed, in the order of the log."""
    asked = origin()
    rows: list[tuple[object, ...]] = []
    partitions = [partition_of(str(one), Parts.partitions) for one in ids]
    for one in lived:
        event = CODEC.encode(one.event, uuid7(), keys[one.customer])
        customer_id = ids[one.customer]
        rows.append(
            (txid, stream_of(customer_id), one.version, event.event_id, event.type,
                event.schema_version, str(customer_id), partitions[one.customer], NOW,
                asked.actor, asked.correlation_id, asked.traceparent, event.data)
        )  # fmt: skip
    return rows
