"""The backend dies inside the append call: the command happened, or it did not; never half."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shared.testing.waiting import until
from tests.faults.asking import (
    Request,
    ask,
    ask_until_done,
    begin_api,
    canary_is_back,
    register,
    rename,
)
from tests.faults.audit import all_sent, assert_directory_is_exact, assert_kafka_has_the_feed
from tests.faults.conftest import Ground

pytestmark = pytest.mark.journey

# A backend that waits here has done exactly the part of the append before it.
INSIDE = {
    "before the head": "lock table streams in share mode",
    "before the event": "lock table events in share mode",
    "after the commit, before the answer": None,
}
APPENDING = """select pid from pg_stat_activity
    where query like '%append_to_stream%' and state = 'active' and pid <> pg_backend_pid()
        and (wait_event_type = 'Lock' or wait_event = 'SyncRep')"""

Strike = Callable[[Ground, int], Awaitable[None]]


async def terminated(ground: Ground, pid: int) -> None:
    """End one backend, as an operator does; the server lives on."""
    await ground.house.ask("truth", "select pg_terminate_backend($1)", pid)


async def killed(ground: Ground, pid: int) -> None:
    """Kill one backend; the server ends all others, recovers and starts again."""
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("strike", [terminated, killed])
async def test_a_command_whose_backend_dies_inside_the_append_happens_once_when_repeated(
    own_ground: Ground, strike: Strike
) -> None:
    for role in ("relay", "projector"):
        await own_ground.nursery.begin(role)
    await begin_api(own_ground)
    await canary_is_back(own_ground)
    location = (await ask_until_done(own_ground, register("Ada"))).headers["Location"]

    for version, (where, lock) in enumerate(INSIDE.items(), start=1):
        renaming = rename(location, version, f"Ada, struck {where}")
        await ask_while_struck(own_ground, renaming, lock, strike)
        answer = await ask_until_done(own_ground, renaming)
        assert answer.headers["ETag"] == f'"{version + 1}"'
        assert answer.headers.get("Idempotency-Replayed", "false") == ("false" if lock else "true")

    await own_ground.house.caught_up()
    await all_sent(own_ground.house)
    await assert_directory_is_exact(own_ground.house)
    await assert_kafka_has_the_feed(own_ground.house)


async def ask_while_struck(
    ground: Ground, request: Request, lock: str | None, strike: Strike
) -> None:
    """Ask, and strike the backend once it waits at the given place; the client is told 503."""
    async with held_at(ground, lock):
        asking = asyncio.create_task(ask(ground, request))
        pid = await appending(ground)
        await strike(ground, pid)
    answer = await asking
    assert answer is not None
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


async def appending(ground: Ground) -> int:
    """Wait for the backend that is held inside the append and return its process id."""
    found: list[int] = []

    async def is_there() -> bool:
        found[:] = [row["pid"] for row in await ground.house.ask("truth", APPENDING)]
        return bool(found)

    await until(is_there, what="that the append waits")
    return found[0]


@asynccontextmanager
async def held_at(ground: Ground, lock: str | None) -> AsyncIterator[None]:
    """Hold every append at one place for as long as the body of the `with`.

    Without a lock at its end: the commit is done, and waits for a standby that does not exist.
    """
    admin = await asyncpg.connect(ground.house.databases.admin_dsn("truth"))
    try:
        if lock is None:
            await admin.execute("alter system set synchronous_standby_names = 'nobody'")
            await admin.execute("select pg_reload_conf()")
        else:
            await admin.execute("begin")
            await admin.execute(lock)
        yield
    finally:
        admin.terminate()  # the server may be dead already: nothing is said to it
        if lock is None:
            await answers_again(ground, "alter system reset synchronous_standby_names")
            await answers_again(ground, "select pg_reload_conf()")


async def answers_again(ground: Ground, statement: str) -> None:
    """Run a statement as soon as the server takes it."""

    async def is_done() -> bool:
        try:
            await ground.house.ask("truth", statement)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    await until(is_done, what="that the server answers again")
