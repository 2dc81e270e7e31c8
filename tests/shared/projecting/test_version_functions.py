"""The owner's functions make, swap and drop versions of a read model; nobody else can."""

from collections.abc import AsyncIterator
from importlib.resources import files

import asyncpg
import pytest

from shared.postgres.dsn import dsn_for
from shared.projecting.marks import Followed, read_marks
from tests.ground.servers import Databases
from tests.shared.projecting.tally import DEFINE

MAKE = "select make_projection_version('tally', 'why not')"
STATES = "select version, state from projection_versions where projection = 'tally' order by 1"


@pytest.fixture
async def projector(views: Databases) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection as the projector; the tally has its first version."""
    admin = await asyncpg.connect(views.admin_dsn("views"))
    await admin.execute(DEFINE)
    await admin.close()
    connection = await asyncpg.connect(dsn_for(views.views_dsn, "projector"))
    yield connection
    await connection.close()


async def states(projector: asyncpg.Connection) -> dict[int, str]:
    return {row["version"]: row["state"] for row in await projector.fetch(STATES)}


async def swap(projector: asyncpg.Connection, to: int, *, keep: bool = True) -> None:
    await projector.execute("select swap_projection_version('tally', $1, $2)", to, keep)


async def drop(projector: asyncpg.Connection, version: int) -> None:
    await projector.execute("select drop_projection_version('tally', $1)", version)


async def seen(views: Databases) -> list[str]:
    """Return what a reader sees under the plain name."""
    connection = await asyncpg.connect(dsn_for(views.views_dsn, "api"))
    try:
        return [row["id"] for row in await connection.fetch("select id from tally order by n")]
    finally:
        await connection.close()


async def test_a_version_is_begun_once_however_many_ask(projector: asyncpg.Connection) -> None:
    assert [await projector.fetchval(MAKE) for _ in range(3)] == [2, 2, 2]
    assert await states(projector) == {1: "current", 2: "building"}


async def test_a_reader_sees_the_version_that_answers_and_no_other(
    views: Databases, projector: asyncpg.Connection
) -> None:
    await projector.fetchval(MAKE)
    await projector.execute("insert into tally_1.tally (id) values ('old')")
    await projector.execute("insert into tally_2.tally (id) values ('new')")
    assert await seen(views) == ["old"]
    async with projector.transaction():
        await swap(projector, 2)
        assert await seen_elsewhere(views) == ["waits"]
    assert await seen(views) == ["new"]
    await swap(projector, 1)
    assert await seen(views) == ["old"]
    assert await states(projector) == {1: "current", 2: "previous"}


async def seen_elsewhere(views: Databases) -> list[str]:
    """Return what a reader sees who will not wait for the swap."""
    connection = await asyncpg.connect(dsn_for(views.views_dsn, "api"))
    try:
        await connection.execute("set lock_timeout = '50ms'")
        return [row["id"] for row in await connection.fetch("select id from tally order by n")]
    except asyncpg.LockNotAvailableError:
        return ["waits"]
    finally:
        await connection.close()


async def test_what_cannot_follow_is_not_kept_and_its_marks_go_at_once(
    projector: asyncpg.Connection,
) -> None:
    marks = await read_marks(projector, Followed("tally", "/daybook/notes", "notes", 2))
    assert len(marks) == 2
    await projector.fetchval(MAKE)
    await swap(projector, 2, keep=False)
    assert await states(projector) == {1: "dropped", 2: "current"}
    assert await projector.fetchval("select count(*) from projection_marks") == 0
    await drop(projector, 1)
    assert await projector.fetchval("select to_regnamespace('tally_1') is null")


async def test_an_older_previous_version_makes_room(projector: asyncpg.Connection) -> None:
    for version in (2, 3):
        assert await projector.fetchval(MAKE) == version
        await swap(projector, version)
    assert await states(projector) == {1: "dropped", 2: "previous", 3: "current"}


async def test_the_version_that_answers_is_never_dropped(projector: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await drop(projector, 1)
    assert refused.value.sqlstate == "DB409"
    with pytest.raises(asyncpg.PostgresError) as refused:
        await swap(projector, 7)
    assert refused.value.sqlstate == "DB409"


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("api", MAKE),
        ("api", "select swap_projection_version('tally', 1, true)"),
        ("api", "select drop_projection_version('tally', 1)"),
        ("api", "select * from tally_1.tally"),
        ("relay", MAKE),
        ("projector", "update projection_versions set state = 'dropped'"),
        ("projector", "insert into projection_definitions values ('other', 'drop table tally')"),
        ("projector", "update projection_definitions set ddl = ''"),
        ("projector", "create schema mine"),
        ("projector", "drop schema tally_1 cascade"),
    ],
)
async def test_a_projector_changes_versions_by_the_functions_only(
    views: Databases, projector: asyncpg.Connection, role: str, statement: str
) -> None:
    assert await states(projector) == {1: "current"}
    connection = await asyncpg.connect(dsn_for(views.views_dsn, role))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_the_directorys_definition_is_the_file_that_made_its_table(
    views: Databases,
) -> None:
    connection = await asyncpg.connect(views.admin_dsn("views"))
    ddl = await connection.fetchval(
        "select ddl from projection_definitions where projection = 'directory'"
    )
    await connection.close()
    assert ddl == (files("services.customers.storage.sql") / "directory_2.sql").read_text()
