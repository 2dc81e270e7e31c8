"""While a read model is built anew, changes are stored, sent and applied nearly as fast as without.

Both sides: 32 writers append registrations as fast as they are answered, with relay, runner and
rebuild in one process and loop, as one machine runs them; the clock stops when the directory that
answers has all of them. On our side a rebuild is under way all the time.
"""

import asyncio
from collections.abc import Mapping
from time import perf_counter
from uuid import uuid4

from bench.ground import Ground
from bench.large_log import LargeLog, events_wanted
from bench.measuring import BrokenSideError, Claim, Paired, Row, in_turns, pair
from bench.parts import parts, running, until
from bench.rebuilding import rebuild_parts
from bench.samples import registrations
from services.customers.application.loading import stream_of
from shared.eventstore.store import EventStore
from shared.projecting.parts import ProjectionParts
from shared.projecting.rebuild import Rebuild
from shared.projecting.runner import ProjectionRunner
from shared.projecting.versions import Versions, settings_of
from shared.security.subject_keys import KeyPool

EVENTS = events_wanted(150_000)
WRITERS = 32
BURST_SECONDS = 3.0
ROUNDS = 5
FOLLOWED_WITHIN_SECONDS = 300.0


class Live:
    """Changes that are made as fast as they are answered, beside a rebuild or without."""

    def __init__(
        self, parts: ProjectionParts, store: EventStore, pool: KeyPool, runner: ProjectionRunner
    ) -> None:
        self._parts = parts
        self._store = store
        self._pool = pool
        self._runner = runner

    async def alone(self) -> float:
        """Return how many changes a second are stored, sent and applied."""
        before, started = self._runner.status.events_applied, perf_counter()
        made = sum(await asyncio.gather(*(self._write(started) for _ in range(WRITERS))))
        await until(lambda: self._runner.status.events_applied == before + made)
        return made / (perf_counter() - started)

    async def beside_a_rebuild(self) -> float:
        """Return the same while a version is built."""
        versions, stop = Versions(self._parts.views, "directory"), asyncio.Event()
        version = await versions.begin("bench")
        lanes = await self._parts.open_views(settings_of("directory", version))
        rebuild = asyncio.create_task(Rebuild(self._parts, version, lanes, uuid4()).run(stop))
        seen = await self.alone()
        if rebuild.done():
            raise BrokenSideError("the rebuild ended before the changes: BENCH_LARGE_EVENTS")
        stop.set()
        await rebuild
        await lanes.close()
        await versions.drop(version)
        return seen

    async def _write(self, started: float) -> int:
        made = 0
        while perf_counter() - started < BURST_SECONDS:
            (one,) = registrations(1)
            event = one.sealed(await self._pool.take())
            await self._store.append(
                stream_of(one.customer_id), str(one.customer_id), 0, [event], one.origin,
                self._parts.clock.now(), one.remember,
            )  # fmt: skip
            made += 1
        return made


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Fill a store, let everything follow, then measure with and without a rebuild in turns."""
    async with parts(ground) as here:
        log = await LargeLog.of(here)
        await log.fill(EVENTS)
        relay, runner = await here.relay(), await here.runner()
        async with running(relay.run, runner.run):
            await until(lambda: runner.status.events_applied == log.events, FOLLOWED_WITHIN_SECONDS)
            pool = KeyPool(await here.keys())
            live = Live(await rebuild_parts(here), log.store, pool, runner)
            seen = await in_turns(ROUNDS, live.beside_a_rebuild, live.alone)
        return {CLAIM.name: pair(*seen)}


CLAIM = Claim("live_while_rebuilding", 0.6, 0.8, "events/s")
ROW = Row("live_while_rebuilding", (CLAIM,), measure)
