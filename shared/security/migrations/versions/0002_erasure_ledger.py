"""The key database knows which erasure ledger belongs to it."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; the api notes the ledger once, the projector reads."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.security.sql", "erasure_ledger.sql")
    run_sql(f"""
        grant select, insert on erasure_ledger to "{service}_api";
        grant select on erasure_ledger to "{service}_projector";
    """)
