"""A service has its roles and its database, and nobody else has a way in."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.errors import DaybookError
from shared.postgres.bootstrap import prepare_database
from shared.postgres.dsn import dsn_for
from tests.ground.servers import Databases, Servers

NAME = "bakery"
ROLES = ("owner", "migrate", "api", "relay", "projector", "worker")


@pytest.fixture
async def admin(servers: Servers) -> AsyncIterator[asyncpg.Connection]:
    """Return a superuser's connection; what the test made is removed behind it."""
    connection = await asyncpg.connect(servers.admin_dsn("keys"))
    yield connection
    await connection.execute(f"drop database if exists {NAME} with (force)")
    for role in reversed(ROLES):
        await connection.execute(f'drop role if exists "{NAME}_{role}"')
    await connection.close()


async def test_a_service_gets_its_roles_and_its_database_however_often_it_is_asked(
    servers: Servers, admin: asyncpg.Connection
) -> None:
    for _ in range(2):
        await prepare_database(servers.admin_dsn("keys"), NAME)
    rows = await admin.fetch(
        "select rolname, rolcanlogin, rolsuper or rolcreaterole or rolcreatedb or rolbypassrls"
        f" as is_mighty from pg_roles where rolname like '{NAME}%'"
    )
    assert {row["rolname"] for row in rows} == {f"{NAME}_{role}" for role in ROLES}
    assert {row["rolname"] for row in rows if not row["rolcanlogin"]} == {f"{NAME}_owner"}
    assert not any(row["is_mighty"] for row in rows)


async def test_only_the_roles_of_the_service_may_connect(
    servers: Servers, admin: asyncpg.Connection
) -> None:
    await prepare_database(servers.admin_dsn("keys"), NAME)
    dsn = f"postgresql://{{user}}@/{NAME}?host={servers.sockets('keys')}"
    for role in ROLES[1:]:
        connection = await asyncpg.connect(dsn.format(user=f"{NAME}_{role}"))
        await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(dsn.format(user="customers_api"))


async def test_several_processes_may_prepare_the_same_at_once(
    servers: Servers, admin: asyncpg.Connection
) -> None:
    await asyncio.gather(*(prepare_database(servers.admin_dsn("keys"), NAME) for _ in range(6)))
    assert await admin.fetchval(f"select count(*) from pg_database where datname = '{NAME}'") == 1


def test_a_dsn_has_the_role_filled_in_and_refuses_to_be_one_for_all() -> None:
    template = "postgresql://customers_{role}@/customers?host=/run/truth"
    assert dsn_for(template, "api") == "postgresql://customers_api@/customers?host=/run/truth"
    with pytest.raises(DaybookError) as refused:
        dsn_for("postgresql://customers@/customers", "api")
    assert refused.value.problem_code == "dsn-without-role"


@pytest.mark.parametrize("kind", ["truth", "views", "keys"])
async def test_only_where_the_log_is_may_anybody_see_what_other_sessions_do(
    databases: Databases, kind: str
) -> None:
    connection = await asyncpg.connect(databases.admin_dsn(kind))
    try:
        members = await connection.fetch(
            "select m.member::regrole::text as name from pg_auth_members m"
            " where m.roleid::regrole::text like 'pg\\_%'"
        )
    finally:
        await connection.close()
    # Others may have prepared databases of another service on the same server.
    owners = {f"{service}_owner" for service in ("customers", "permissions")}
    names = {row["name"] for row in members} - {"pg_monitor"}
    assert names <= (owners if kind == "truth" else set())
    assert kind != "truth" or "customers_owner" in names
