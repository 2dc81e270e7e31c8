"""Who was erased: noted by the projector, never forgotten by it, read by the api."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; nobody may take a row out of it."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.projecting.sql", "erased_subjects.sql")
    run_sql(f"""
        grant select on erased_subjects to "{service}_api";
        grant select, insert on erased_subjects to "{service}_projector";
    """)
