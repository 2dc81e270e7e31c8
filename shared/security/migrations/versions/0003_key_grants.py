"""The key database knows who was given which key."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table; nobody takes a row out of it."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.security.sql", "key_grants.sql")
    run_sql(f"""
        grant select, insert, update (last_at, times) on key_grants to "{service}_api";
    """)
