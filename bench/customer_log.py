"""The lives of customers lie in Kafka, sealed, so that a runner can fold them again and again."""

from collections.abc import Sequence
from time import perf_counter

import asyncpg
from uuid6 import uuid7

from bench.ground import Ground
from bench.measuring import must_be
from bench.parts import Parts, running, until
from bench.samples import NOW, Happened, as_appends, origin
from shared.postgres.dsn import dsn_for
from shared.projecting.versions import settings_of
from shared.security.subject_keys import KEYS_PER_CALL

TRANSACTION = 500
APPLIED = "select coalesce(sum(feed_position), 0)::bigint from projection_marks"
STATE = """select count(*), sum(version)::bigint, md5(string_agg(
        id::text || version::text || name
            || jsonb_array_length(coalesce(details -> 'emails', '[]'))::text, '' order by id))
    from directory"""


class CustomerLog:
    """A log in Kafka; fill it once."""

    def __init__(self, ground: Ground, here: Parts, lived: Sequence[Happened]) -> None:
        self._ground = ground
        self._here = here
        self._lived = lived
        self.ids = [uuid7() for _ in range(1 + max(one.customer for one in lived))]
        self.state: tuple[object, ...] = ()

    async def fill(self) -> None:
        """Store the lives, sealed, and relay them."""
        keys, store = await self._here.keys(), await self._here.store()
        ready = [key for _ in range(0, len(self.ids), KEYS_PER_CALL) for key in await keys.make()]
        asked = origin()
        for appends in as_appends(self._lived, self.ids, ready, TRANSACTION):
            await store.append_many(appends, asked, NOW)
        relay = await self._here.relay()
        async with running(relay.run):
            await until(lambda: relay.status.events_sent == len(self._lived))

    async def drain(self) -> float:
        """Fold the whole log, by a new runner into an empty directory; return events a second."""
        views = (await self._ground.databases()).views
        runner = await self._here.runner(views)
        async with running(runner.run):
            await until(lambda: runner.status.is_following)
            started = perf_counter()
            await until(lambda: runner.status.events_applied == len(self._lived))
            passed = perf_counter() - started
        await self._check(views)
        return len(self._lived) / passed

    async def _check(self, views: str) -> None:
        followed = self._here.followed
        its_tables = dict(settings_of(followed.projection, followed.version))
        dsn = dsn_for(views, "projector")
        connection = await asyncpg.connect(dsn, server_settings=its_tables)
        try:
            must_be(len(self._lived), await connection.fetchval(APPLIED), "applied events")
            self.state = tuple(await connection.fetchrow(STATE) or ())
            must_be(len(self._lived), self.state[1], "versions in the directory")
        finally:
            await connection.close()
