"""The directory: written by the projector, read by the api."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the directory."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("services.customers.storage.sql", "directory.sql")
    run_sql(f"""
        grant select on directory to "{service}_api";
        grant select, insert, update, delete on directory to "{service}_projector";
    """)
