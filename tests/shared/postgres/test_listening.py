"""Whoever hears what PostgreSQL announces can be ended, whatever has become of the server."""

import asyncio

import asyncpg
import pytest

from shared.postgres.listening import hearing
from shared.testing.waiting import until
from tests.ground.servers import Databases

CHANNEL = "daybook_test"


class DyingConnection(asyncpg.Connection):
    """The server is gone when it is asked to announce no more."""

    async def remove_listener(self, channel: str, callback: object) -> None:
        """Fail as a dead connection does."""
        del channel, callback
        raise asyncpg.ConnectionDoesNotExistError


async def test_what_is_announced_is_heard_and_not_any_more_afterwards(
    databases: Databases,
) -> None:
    speaking = await asyncpg.connect(databases.admin_dsn("views"))
    listening = await asyncpg.connect(databases.admin_dsn("views"))
    heard: list[None] = []
    async with hearing(listening, CHANNEL, lambda: heard.append(None)):
        await speaking.execute("select pg_notify($1, '')", CHANNEL)
        await until(lambda: heard, what="that it is heard")
    await speaking.execute("select pg_notify($1, '')", CHANNEL)
    await listening.fetchval("select 1")
    assert len(heard) == 1
    await speaking.close()
    await listening.close()


async def test_a_server_that_dies_meanwhile_does_not_hide_that_the_listener_has_to_end(
    databases: Databases,
) -> None:
    listening = await asyncpg.connect(
        databases.admin_dsn("views"), connection_class=DyingConnection
    )
    begun = asyncio.Event()

    async def listen() -> None:
        async with hearing(listening, CHANNEL, begun.set):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(listen())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    listening.terminate()
