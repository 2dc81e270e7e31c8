"""The read models of the permissions service in a database that was made for another service."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import asyncpg

from services.permissions.projections.of_records import KINDS, SOURCES, ddl_of, name_of
from tests.ground.servers import Databases

SQL: Final = files("services.permissions.storage.sql")


def _definitions() -> Mapping[str, str]:
    names = ("customer_owners", "erased_people")
    alone = {name: (SQL / f"{name}.sql").read_text() for name in names}
    return alone | {name_of(k, source): ddl_of(k, source) for k in KINDS for source in SOURCES}


async def make_read_models(databases: Databases) -> None:
    """Make them as the service's own migration does; both services number theirs from 1."""
    connection = await asyncpg.connect(databases.admin_dsn("views"))
    try:
        for name, ddl in _definitions().items():
            if await connection.fetchval("select to_regclass($1)", name) is not None:
                continue
            define = "insert into projection_definitions (projection, ddl) values ($1, $2)"
            await connection.execute(define, name, ddl)
            await connection.execute("select make_projection_version($1, 'the first')", name)
            await connection.execute("select swap_projection_version($1, 1, false)", name)
    finally:
        await connection.close()
