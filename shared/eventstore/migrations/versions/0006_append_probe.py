"""An api can prove that it could append, without leaving an event."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the function; only an api, which may append, may also probe."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", "append_probe.sql")
    run_sql(f"""
        revoke all on function append_probe from public;
        grant execute on function append_probe to "{service}_api";
    """)
