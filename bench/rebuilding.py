"""A read model is built anew at a rate that a bulk load of its final rows does not shame."""

import asyncio
from contextlib import suppress
from time import perf_counter
from uuid import uuid4

import asyncpg

from bench.large_log import EVENTS_EACH, LargeLog
from bench.measuring import BrokenSideError, Claim, Paired, in_turns, must_be, pair
from bench.parts import Parts
from bench.plain_table import connections
from services.customers.projections.directory import SHAPE, Directory
from services.customers.storage.codec import CODEC
from shared.errors import NotYetError
from shared.postgres.dsn import dsn_for
from shared.projecting.marks import Mark, move_marks, read_marks
from shared.projecting.parts import ProjectionParts
from shared.projecting.rebuild import Rebuild
from shared.projecting.store_feed import READ_ONLY, StoreFeed
from shared.projecting.versions import Versions, schema_of, settings_of
from shared.security.cipher_cache import CipherCache

ROUNDS = 3
# As if the version that answers had applied all of it: only how far it is matters here.
ENDS = """select distinct on (e.partition) e.partition, s.epoch,
        count(*) over (partition by e.partition) as feed_position, e.txid, e.position
    from events e, store s order by e.partition, e.txid desc, e.position desc"""
DDL = "select ddl from projection_definitions where projection = 'directory'"
TABLES = ("directory", "directory_text")
ROWS = "select * from {schema}.{table}"
STATE = """select count(*), sum(version)::bigint, md5(string_agg(
        id::text || version::text || name || details::text, '' order by id))
    from {schema}.directory"""

CLAIM = Claim("rebuild", 0.15, 0.4, "events/s")


async def rebuild_parts(here: Parts) -> ProjectionParts:
    """Return the directory as a projector has it."""
    views = await here.lanes(here.databases.views, "projector", 2)
    truth = await here.lanes(here.databases.truth, "projector", 2, READ_ONLY)
    return ProjectionParts(
        projection=Directory(),
        followed=here.followed,
        codec=CODEC,
        ciphers=CipherCache(await here.keys("projector", 1), here.clock),
        feed=StoreFeed(truth, here.followed),
        views=views,
        open_views=lambda its: here.lanes(here.databases.views, "projector", 2, its),
        discarded=_nothing,
        kafka=here.kafka,
        clock=here.clock,
        tracing=here.tracing,
        shape=SHAPE,
    )


async def _nothing() -> frozenset[str]:
    return frozenset()


class Rebuilds:
    """Builds the directory again and again."""

    def __init__(self, parts: ProjectionParts, events: int) -> None:
        self.parts = parts
        self.version = 1
        self._events = events
        self._versions = Versions(parts.views, parts.followed.projection)

    async def once(self) -> float:
        """Build one version and hand over to it; return events a second."""
        self.version = await self._versions.begin("bench")
        lanes = await self.parts.open_views(settings_of("directory", self.version))
        started = perf_counter()
        if not await Rebuild(self.parts, self.version, lanes, uuid4()).run(asyncio.Event()):
            raise BrokenSideError("the rebuild did not end")
        passed = perf_counter() - started
        print("rebuilt …", end=" ", flush=True)
        await lanes.close()
        with suppress(NotYetError):  # it is being vacuumed; the next round finds it
            await self._versions.sweep(self.parts.clock.now())
        return self._events / passed


async def all_applied(here: Parts, parts: ProjectionParts) -> None:
    """Set the marks of the version that answers to the end of the feed."""
    async with parts.views.lane() as views:
        old = await read_marks(views, parts.followed)
        truth = await asyncpg.connect(dsn_for(here.databases.truth, "projector"))
        ends = [Mark(*row) for row in await truth.fetch(ENDS)]
        await truth.close()
        moves = [(old[mark.partition], mark) for mark in ends]
        await move_marks(views, parts.followed, moves, here.clock.now())


class Copies:
    """Loads the final rows into a table of their own, made by the same DDL, again and again."""

    def __init__(self, owner: asyncpg.Connection, rebuilds: Rebuilds, events: int) -> None:
        self._owner = owner
        self._rebuilds = rebuilds
        self._customers = events // EVENTS_EACH
        self._rows: dict[str, list[tuple[object, ...]]] = {}

    async def make(self) -> None:
        """Make the table and its indexes."""
        await self._owner.execute('set role "customers_owner"; create schema copied')
        ddl = await self._owner.fetchval(DDL)
        await self._owner.execute(f"set search_path to copied; {ddl}")

    async def once(self) -> float:
        """Load what the first rebuild came to into the emptied table; return rows a second."""
        if not self._rows:
            schema = schema_of("directory", self._rebuilds.version)
            for table in TABLES:
                rows = await self._owner.fetch(ROWS.format(schema=schema, table=table))
                self._rows[table] = [tuple(row) for row in rows]
                must_be(self._customers, len(rows), "customers")
        await self._owner.execute("truncate copied.directory, copied.directory_text")
        started = perf_counter()
        for table, records in self._rows.items():
            await self._owner.copy_records_to_table(table, schema_name="copied", records=records)
        return self._customers / (perf_counter() - started)

    async def check(self) -> None:
        """Raise BrokenSideError unless the last rebuild came to the same rows as the first."""
        schema = schema_of("directory", self._rebuilds.version)
        ours = await self._owner.fetchrow(STATE.format(schema=schema))
        if ours is None or ours != await self._owner.fetchrow(STATE.format(schema="copied")):
            raise BrokenSideError("two rebuilds came to different rows")


async def measure(large: LargeLog) -> Paired:
    """Rebuild from the whole store; against it COPY of the final rows, indexes and all."""
    here = large.here
    parts = await rebuild_parts(here)
    await all_applied(here, parts)
    rebuilds = Rebuilds(parts, large.events)
    async with connections(dsn_for(here.databases.views, "migrate"), 1) as (owner,):
        copies = Copies(owner, rebuilds, large.events)
        await copies.make()
        seen = await in_turns(ROUNDS, rebuilds.once, copies.once)
        await copies.check()
        return pair(*seen)
