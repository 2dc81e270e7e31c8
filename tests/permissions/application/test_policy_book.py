"""The book misses nothing, whichever transaction ends first."""

from uuid import uuid4

import asyncpg
import orjson
import pytest

from services.permissions.application.policy_book import APART, PolicyBook
from services.permissions.domain.book import POLICY_STREAM
from shared.events import EventToAppend
from shared.testing.clock import NOON
from tests.ground.events import ORIGIN
from tests.ground.servers import Databases, Servers, new_databases
from tests.permissions.api.desk import a_desk

DECISION = """insert into events (stream, version, event_id, type, schema_version, subject,
        partition, recorded_at, actor, correlation_id, data)
    values ($1, 1, gen_random_uuid(), 'RoleDefined', 1, 'policy', 0, now(), 'erin',
        gen_random_uuid(), $2)"""
ROLE = {"role": "reader", "level": 10, "title": {"en": "Reader", "zh": "读者"}}


async def test_a_decision_that_was_under_way_when_a_canary_left_is_not_missed(
    own_servers: Servers,
) -> None:
    async with new_databases(own_servers) as databases, a_desk(databases) as desk:
        book = PolicyBook(desk.foundation.truth, desk.foundation.keys)
        slow = await begun(databases)
        sent = EventToAppend(uuid4(), APART[0], 1, orjson.dumps({"sent_at": NOON.isoformat()}))
        await desk.foundation.store.append("canary-1", "canary-1", 0, [sent], ORIGIN, NOON)
        await book.catch_up()
        assert book.version_of("canary-1") == 1
        await slow.execute(DECISION, POLICY_STREAM, orjson.dumps(ROLE))
        await slow.execute("commit")
        await slow.close()
        await book.catch_up()
        assert "reader" in book.book.policy.roles
        place = book.place
        await book.catch_up()
        assert book.place >= place


async def test_what_cannot_be_folded_is_not_skipped_by_whoever_comes_next(servers: Servers) -> None:
    async with new_databases(servers) as databases, a_desk(databases) as desk:
        book = PolicyBook(desk.foundation.truth, desk.foundation.keys)
        unknown = EventToAppend(uuid4(), "RoleRetired", 1, orjson.dumps({"role": "nobody"}))
        its = desk.foundation.store
        await its.append(POLICY_STREAM, POLICY_STREAM, 0, [unknown], ORIGIN, NOON)
        for _ in range(2):
            with pytest.raises(KeyError):
                await book.catch_up()


async def begun(databases: Databases) -> asyncpg.Connection:
    """Return a connection with a transaction that has its number, and nothing written yet."""
    connection = await asyncpg.connect(databases.admin_dsn("truth"))
    await connection.execute("begin")
    await connection.fetchval("select pg_current_xact_id()")
    return connection
