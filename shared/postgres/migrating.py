"""A database gets its tables and functions in one order, once, however many processes start."""

import asyncio
from importlib.resources import files
from pathlib import Path

from alembic import command, context, op
from alembic.config import Config
from sqlalchemy import Connection, pool, text

from shared.postgres.engine import engine_of

MIGRATION_LOCK = 0x44_61_79_62


def migrate(dsn: str, package: str, owner: str) -> None:
    """Bring one database to the newest version of the migrations in `package`.

    Several processes may do this at once: they take turns under one lock. A migration that fails
    leaves nothing behind.

    Args:
        dsn: as the `migrate` role.
        package: the package that holds `versions`, for example `shared.eventstore.migrations`.
        owner: the role that will own what is made.
    """
    config = Config()
    config.set_main_option(
        "script_location", str(Path(str(files("shared.postgres"))) / "environment")
    )
    config.set_main_option("version_locations", str(Path(str(files(package))) / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes["dsn"] = dsn
    config.attributes["owner"] = owner
    config.attributes["version_table"] = "versions_of_" + package.split(".")[-2]
    command.upgrade(config, "head")


def run_sql(script: str) -> None:
    """Run a script of several statements inside the running migration's transaction."""
    driver = op.get_bind().connection.dbapi_connection
    if driver is None:
        raise RuntimeError("the migration has lost its connection")
    driver.run_async(lambda connection: connection.execute(script))


def run_sql_file(package: str, *names: str) -> None:
    """Run SQL files that lie beside the code they belong to, in the order given."""
    for name in names:
        run_sql((files(package) / name).read_text())


def run_environment() -> None:
    """Be Alembic's env.py: connect, take the lock, migrate, release."""
    asyncio.run(_run_environment())


async def _run_environment() -> None:
    attributes = context.config.attributes
    engine = engine_of(attributes["dsn"], poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(
                lambda c: _migrate_locked(c, attributes["owner"], attributes["version_table"])
            )
    finally:
        await engine.dispose()


def _migrate_locked(connection: Connection, owner: str, version_table: str) -> None:
    # Committed at once: otherwise the migration would run inside the lock's own transaction.
    connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
    connection.execute(text(f'set role "{owner}"'))
    connection.commit()
    try:
        context.configure(connection=connection, version_table=version_table)
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
