"""A projector reads the store: what it folds anew, and which events operators discarded."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let projectors read the events and the feed; of the records only what was discarded."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", "discarded_events.sql")
    run_sql(f"""
        revoke all on function discarded_events from public;
        grant execute on function discarded_events to "{service}_projector";
        grant select on store, streams, events, feed_index to "{service}_projector";
    """)
