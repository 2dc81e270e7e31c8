"""Which version of a customer each person saw last."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table; only an api has to do with it."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("services.customers.storage.truth.sql", "last_looks.sql")
    run_sql(f'grant select, insert, update, delete on last_looks to "{service}_api"')
