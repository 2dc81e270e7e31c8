"""How far registered consumers say they are: kept by the api."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; nobody deletes a row."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.projecting.sql", "consumer_marks.sql")
    run_sql(f"""
        grant select, insert, update on consumer_marks to "{service}_api";
    """)
