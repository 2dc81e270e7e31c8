"""A database gets its tables once, however many processes start, and never half of them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from cli.local.postgres import KINDS
from shared.postgres.bootstrap import prepare_database
from shared.postgres.dsn import dsn_for
from shared.postgres.migrating import MIGRATION_LOCK, migrate
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.ground.processes import Running, running, service_env
from tests.ground.servers import MIGRATIONS, OWNER, SERVICE, Databases, Servers

WAITING = """select count(*) from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and not l.granted and d.datname = current_database()"""


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    """Return databases that are prepared and still empty."""
    empty = Databases(servers, f"t{uuid4().hex[:12]}")
    for kind in KINDS:
        await prepare_database(servers.admin_dsn(kind), SERVICE, database=empty.name)
    yield empty
    for kind in KINDS:
        await _as_admin(servers.admin_dsn(kind), f'drop database "{empty.name}" with (force)')


def _newest(package: str) -> str:
    """Return the number of the newest migration."""
    names = [path.name for path in (files(package) / "versions").iterdir()]
    return max(name[:4] for name in names if name.startswith("0"))


async def _as_admin(dsn: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def _all_at_once(databases: Databases, folder: Path, number: int) -> list[Running]:
    """Start so many migrations, let them meet at the lock, open it, return them when they ended."""
    env = service_env(databases, KafkaSettings(), folder / "secrets")
    gate = await asyncpg.connect(databases.admin_dsn("truth"))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(gate.close)
        await gate.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        programs = [
            await stack.enter_async_context(running("services.customers", "migrate", env=env))
            for _ in range(number)
        ]

        async def all_wait() -> bool:
            return bool(await gate.fetchval(WAITING) == number)

        await until(all_wait, what="that all migrations wait at the lock")
        await gate.execute("select pg_advisory_unlock($1)", MIGRATION_LOCK)
        await asyncio.wait_for(asyncio.gather(*(each.wait() for each in programs)), 60)
    return programs


async def test_four_processes_may_migrate_at_once_and_again(
    databases: Databases, tmp_path: Path
) -> None:
    for number in (4, 2):
        programs = await _all_at_once(databases, tmp_path, number)
        assert [await program.wait() for program in programs] == [0] * number, [
            program.output() for program in programs
        ]
    for kind, packages in MIGRATIONS.items():
        for package in packages:
            table = "versions_of_" + package.split(".")[-2]
            rows = await _as_admin(databases.admin_dsn(kind), f"select * from {table}")
            assert [row["version_num"] for row in rows] == [_newest(package)]
    assert len(await _as_admin(databases.admin_dsn("truth"), "select * from store")) == 1


async def test_everything_that_a_migration_makes_belongs_to_a_role_that_cannot_log_in(
    databases: Databases, tmp_path: Path
) -> None:
    await _all_at_once(databases, tmp_path, 1)
    # What an extension brings belongs to whoever set up the server.
    for kind in KINDS:
        owners = await _as_admin(
            databases.admin_dsn(kind),
            """select distinct r.rolname, r.rolcanlogin from pg_class c
                join pg_roles r on r.oid = c.relowner
                where c.relnamespace = 'public'::regnamespace
                    and not exists (select from pg_depend d
                        where d.objid = c.oid and d.deptype = 'e')
                union select r.rolname, r.rolcanlogin from pg_proc p
                join pg_roles r on r.oid = p.proowner
                where p.pronamespace = 'public'::regnamespace
                    and not exists (select from pg_depend d
                        where d.objid = p.oid and d.deptype = 'e')""",
        )
        assert [tuple(row) for row in owners] == [(OWNER, False)]


async def test_a_migration_that_fails_leaves_nothing_behind_and_can_be_mended(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = tmp_path / "notes" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "__init__.py").touch()
    step = versions / "0001_notes.py"
    head = (
        "from shared.postgres.migrating import run_sql\n"
        'revision, down_revision = "0001", None\n'
        "def upgrade():\n"
    )
    step.write_text(head + '    run_sql("create table notes (n int); select 1 / 0")\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    dsn = dsn_for(databases.views_dsn, "migrate")
    tables = "select relname from pg_class where relnamespace = 'public'::regnamespace"
    with pytest.raises(Exception, match="division by zero"):
        await asyncio.to_thread(migrate, dsn, "notes.migrations", OWNER)
    assert await _as_admin(databases.admin_dsn("views"), tables) == []
    step.write_text(head + '    run_sql("create table notes (n int); select 1")\n')
    await asyncio.to_thread(migrate, dsn, "notes.migrations", OWNER)
    assert "notes" in {row[0] for row in await _as_admin(databases.admin_dsn("views"), tables)}
