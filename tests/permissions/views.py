"""The read models of the permissions service in a database that was made for another service."""

from importlib.resources import files

import asyncpg

from services.permissions.projections.customer_owners import NAME
from tests.ground.servers import Databases


async def make_read_models(databases: Databases) -> None:
    """Make them as the service's own migration does; both services number theirs from 1."""
    ddl = (files("services.permissions.storage.sql") / f"{NAME}.sql").read_text()
    connection = await asyncpg.connect(databases.admin_dsn("views"))
    try:
        if await connection.fetchval("select to_regclass($1)", NAME) is None:
            define = "insert into projection_definitions (projection, ddl) values ($1, $2)"
            await connection.execute(define, NAME, ddl)
            await connection.execute("select make_projection_version($1, 'the first')", NAME)
            await connection.execute("select swap_projection_version($1, 1, false)", NAME)
    finally:
        await connection.close()
