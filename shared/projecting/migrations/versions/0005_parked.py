"""Parked streams: written by the projector; the api sees which they are, never their bytes."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.projecting.sql", "parked.sql")
    run_sql(f"""
        grant select on parked_streams to "{service}_api";
        grant select (projection, version, stream, feed_position, event_id, type, stream_version)
            on parked_events to "{service}_api";
        grant select, insert, update, delete on parked_streams, parked_events
            to "{service}_projector";
    """)
