"""A decision that looked at everything is stored only if nothing was appended since."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the function; only an api decides."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", "append_as_seen.sql")
    run_sql(f"""
        revoke all on function append_as_seen from public;
        grant execute on function append_as_seen to "{service}_api";
    """)
