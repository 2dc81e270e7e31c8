"""A service has its database and its least-privileged roles on a server before it starts."""

from collections.abc import Mapping, Sequence

import asyncpg

from shared.postgres.dsn import ROLES
from shared.postgres.scram import verifier_of

ONE_AT_A_TIME = 7_263_910_448


async def prepare_database(
    admin_dsn: str,
    service: str,
    roles: Sequence[str] = ROLES,
    *,
    database: str | None = None,
    holds_events: bool = False,
    passwords: Mapping[str, str] | None = None,
) -> None:
    """Create the service's roles and its database if they are not there; safe to repeat.

    `SERVICE_owner` cannot log in and owns everything; `SERVICE_migrate` may act as it;
    `SERVICE_api`, `_relay`, `_projector` and `_worker` get only what migrations grant them.

    Args:
        admin_dsn: a superuser's DSN to the database `postgres` of the server.
        service: the service's name, also the database's unless `database` is given.
        roles: the roles that log in besides `migrate`.
        database: another database name (tests make one per test).
        holds_events: whether the log of events is there; only there the owner sees all sessions.
        passwords: by role, `migrate` included; a role without one keeps what it has.
    """
    connection = await asyncpg.connect(admin_dsn)
    try:
        # Grants on one database at the same moment end in an error for all but one of them.
        await connection.execute(f"select pg_advisory_lock({ONE_AT_A_TIME})")
        await _ensure_role(connection, f"{service}_owner", "nologin")
        await _ensure_role(connection, f"{service}_migrate", "login")
        await connection.execute(f'grant "{service}_owner" to "{service}_migrate"')
        if holds_events:
            # For log_horizon() alone: whose open transaction holds back the readers of the log.
            await connection.execute(f'grant pg_read_all_stats to "{service}_owner"')
        for role in roles:
            await _ensure_role(connection, f"{service}_{role}", "login")
        for role, password in (passwords or {}).items():
            verifier = verifier_of(password)
            await connection.execute(f"alter role \"{service}_{role}\" password '{verifier}'")
        await _ensure_database(connection, database or service, service)
        await _let_in(connection, database or service, service)
    finally:
        await connection.close()


async def _ensure_role(connection: asyncpg.Connection, name: str, login: str) -> None:
    """Create one role; another process may do the same at the same moment."""
    if await connection.fetchval("select 1 from pg_roles where rolname = $1", name):
        return
    try:
        await connection.execute(f'create role "{name}" {login}')
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return


async def _ensure_database(connection: asyncpg.Connection, database: str, service: str) -> None:
    """Create the database, closed to everybody but the service's own roles."""
    if await connection.fetchval("select 1 from pg_database where datname = $1", database):
        return
    try:
        await connection.execute(f'create database "{database}" owner "{service}_owner"')
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        return
    await connection.execute(f'revoke all on database "{database}" from public')


async def _let_in(connection: asyncpg.Connection, database: str, service: str) -> None:
    """Let the service's roles connect, also one that is newer than the database."""
    for role in ("migrate", *ROLES):
        may = f'grant connect on database "{database}" to "{service}_{role}"'
        asked = "select has_database_privilege($1, $2, 'connect')"
        if not await connection.fetchval(asked, f"{service}_{role}", database):
            await connection.execute(may)
