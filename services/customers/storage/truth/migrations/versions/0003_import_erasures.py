"""An erasure finds what imports hold of the person."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table; an api, which erases, keeps it."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("services.customers.storage.truth.sql", "import_erasures.sql")
    run_sql(f"""
        grant select, insert, update on import_erasures to "{service}_api";
    """)
