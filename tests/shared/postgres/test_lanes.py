"""Connections are few, always ready, and replaced when they break."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.errors import DiskFullError, UnavailableError
from shared.postgres.lanes import Lanes, is_of_the_values
from shared.testing.waiting import until
from tests.ground.servers import Databases, Servers, new_databases

SIZE = 3
OURS = "select count(*) from pg_stat_activity where application_name = 'lanes of the test'"
KILL = """select count(pg_terminate_backend(pid)) from pg_stat_activity
    where application_name = 'lanes of the test'"""
PID = "select pg_backend_pid()"


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    async with new_databases(servers, ["views"]) as fresh:
        yield fresh


@pytest.fixture
async def admin(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(databases.admin_dsn("views"))
    yield connection
    await connection.close()


@pytest.fixture
async def lanes(databases: Databases) -> AsyncIterator[Lanes]:
    its = Lanes(databases.admin_dsn("views"), SIZE, application_name="lanes of the test")
    await its.open()
    yield its
    await its.close()


async def test_who_comes_one_after_the_other_shares_one_connection(
    lanes: Lanes, admin: asyncpg.Connection
) -> None:
    assert len({await lanes.fetchval(PID) for _ in range(10)}) == 1
    assert await admin.fetchval(OURS) == 1


async def test_who_comes_at_once_waits_for_one_of_a_few_connections(
    lanes: Lanes, admin: asyncpg.Connection
) -> None:
    pids = await asyncio.gather(
        *(lanes.fetchval("select pg_backend_pid() from pg_sleep(0.01)") for _ in range(12))
    )
    assert len(set(pids)) <= SIZE
    assert await admin.fetchval(OURS) <= SIZE


@pytest.mark.parametrize("value", ["\ud800", "a\0b"], ids=["by the client", "by the server"])
async def test_a_value_that_is_refused_is_no_server_that_is_away(lanes: Lanes, value: str) -> None:
    pid = await lanes.fetchval(PID)
    with pytest.raises((asyncpg.PostgresError, ValueError)) as alone:
        await lanes.fetchval("select $1::text", value)
    with pytest.raises((asyncpg.PostgresError, ValueError)) as lent:
        async with lanes.lane() as connection:
            await connection.fetchval("select $1::text", value)
    for told in (alone, lent):
        assert not isinstance(told.value, UnavailableError)
        assert is_of_the_values(told.value)
    assert await lanes.fetchval(PID) == pid


async def test_every_way_to_ask_answers(lanes: Lanes) -> None:
    rows = await lanes.fetch("select generate_series(1, $1::int) as n", 3)
    assert [row["n"] for row in rows] == [1, 2, 3]
    row = await lanes.fetchrow("select 1 as one, 2 as two")
    assert row is not None
    assert tuple(row) == (1, 2)
    assert await lanes.fetchrow("select 1 where false") is None
    assert await lanes.execute("create temporary table t as select 1") == "SELECT 1"


async def test_a_connection_that_broke_is_replaced_before_anybody_gets_it(
    lanes: Lanes, admin: asyncpg.Connection
) -> None:
    pids = set()
    for _ in range(3):
        pids.add(await lanes.fetchval(PID))
        assert await admin.fetchval(KILL) == 1
        await until(lambda: _works(lanes), what="another connection")
    assert len(pids) == 3
    assert await admin.fetchval(OURS) == 1


async def _works(lanes: Lanes) -> bool:
    try:
        return bool(await lanes.fetchval("select 1") == 1)
    except UnavailableError:
        return False


async def test_a_statement_that_was_cut_off_says_so_and_the_next_one_works(
    lanes: Lanes, admin: asyncpg.Connection
) -> None:
    cut_off = [asyncio.create_task(lanes.execute("select pg_sleep(60)")) for _ in range(SIZE)]
    sleeping = f"{OURS} and wait_event = 'PgSleep'"
    await until(lambda: _is(admin, sleeping, SIZE), what="all that sleep")
    await admin.fetchval(KILL)
    for task in cut_off:
        with pytest.raises(UnavailableError):
            await task
    answers = await asyncio.gather(*(lanes.fetchval("select 1") for _ in range(9)))
    assert answers == [1] * 9


async def _is(admin: asyncpg.Connection, sql: str, number: int) -> bool:
    return bool(await admin.fetchval(sql) == number)


async def test_a_server_that_is_away_costs_no_lane_and_is_found_again(
    databases: Databases, admin: asyncpg.Connection
) -> None:
    sockets = databases.servers.sockets("views")
    door = sockets.with_name(f"door-{databases.name}")
    dsn = databases.admin_dsn("views").replace(str(sockets), str(door))
    lanes = Lanes(dsn, SIZE, application_name="lanes of the test")
    with pytest.raises(UnavailableError):
        await lanes.open()
    door.symlink_to(sockets)
    await lanes.open()
    door.unlink()
    await admin.fetchval(KILL)
    questions = [lanes.fetchval("select 1") for _ in range(3 * SIZE)]
    answers = await asyncio.gather(*questions, return_exceptions=True)
    assert {type(answer) for answer in answers} == {UnavailableError}
    door.symlink_to(sockets)
    held = [lanes.lane() for _ in range(SIZE)]
    connections = [await asyncio.wait_for(lane.__aenter__(), 60) for lane in held]
    assert len(set(connections)) == SIZE
    for lane in held:
        await lane.__aexit__(None, None, None)
    door.unlink()
    await lanes.close()


async def test_an_argument_that_does_not_fit_is_no_sign_of_a_server_that_is_away(
    lanes: Lanes,
) -> None:
    with pytest.raises(asyncpg.DataError, match="out of int64"):
        await lanes.fetchval("select $1::bigint", 2**64)
    with pytest.raises(asyncpg.DataError, match="out of int64"):
        async with lanes.lane() as connection:
            await connection.fetchval("select $1::bigint", 2**64)
    assert await lanes.fetchval("select 1") == 1


async def test_a_refused_statement_is_told_as_it_is(lanes: Lanes) -> None:
    for _ in range(SIZE + 1):
        with pytest.raises(asyncpg.UndefinedTableError):
            await lanes.fetch("select * from nowhere")
    assert await lanes.fetchval("select 1") == 1


@pytest.mark.parametrize(
    ("sqlstate", "told"),
    [("53100", DiskFullError), ("53200", UnavailableError), ("53300", UnavailableError)],
)
async def test_a_server_without_room_memory_or_place_is_no_fault_of_who_asks(
    lanes: Lanes, sqlstate: str, told: type[UnavailableError]
) -> None:
    fails = f"do $$ begin raise sqlstate '{sqlstate}'; end $$"
    with pytest.raises(UnavailableError) as alone:
        await lanes.execute(fails)
    with pytest.raises(UnavailableError) as within:
        async with lanes.lane() as connection, connection.transaction():
            await connection.execute(fails)
    assert (type(alone.value), type(within.value)) == (told, told)
    assert await lanes.fetchval("select 1") == 1


async def test_whoever_gives_up_waiting_takes_no_connection_along(
    lanes: Lanes, admin: asyncpg.Connection
) -> None:
    sleeping = [asyncio.create_task(lanes.execute("select pg_sleep(60)")) for _ in range(SIZE)]
    waiting = asyncio.create_task(lanes.execute("select 1"))
    await until(lambda: _is(admin, f"{OURS} and wait_event = 'PgSleep'", SIZE), what="the sleep")
    for task in (waiting, *sleeping):
        task.cancel()
    await asyncio.wait([waiting, *sleeping])
    answers = await asyncio.gather(*(lanes.fetchval("select 1") for _ in range(SIZE)))
    assert answers == [1] * SIZE


async def test_a_session_may_not_keep_a_transaction_open(lanes: Lanes) -> None:
    assert await lanes.fetchval("show idle_in_transaction_session_timeout") == "10s"
    assert await lanes.fetchval("show transaction_timeout") == "1min"


async def test_closing_cuts_off_what_is_under_way(lanes: Lanes, admin: asyncpg.Connection) -> None:
    task = asyncio.create_task(lanes.execute("select pg_sleep(60)"))
    await until(lambda: _is(admin, f"{OURS} and wait_event = 'PgSleep'", 1), what="the sleep")
    await lanes.close()
    with pytest.raises(UnavailableError):
        await task
    await admin.fetchval(KILL)
    await until(lambda: _is(admin, OURS, 0), what="that nobody is left")


async def test_a_statement_that_the_server_ends_for_its_time_is_one_that_got_no_answer(
    databases: Databases,
) -> None:
    hurried = Lanes(
        databases.admin_dsn("views"), 1, application_name="lanes of the test",
        settings={"transaction_timeout": "50ms"},
    )  # fmt: skip
    await hurried.open()
    try:
        with pytest.raises(UnavailableError):
            await hurried.fetchval("select pg_sleep(10)")
        assert await hurried.fetchval("select 1") == 1
    finally:
        await hurried.close()
