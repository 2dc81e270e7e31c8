"""The event store: its tables, its append functions, and who may do what with them."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0001"
down_revision = None

OBJECTS = (
    "store.sql",
    "streams.sql",
    "events.sql",
    "idempotency.sql",
    "relay_checkpoints.sql",
    "append_to_stream.sql",
    "append_to_streams.sql",
    "relay_advance.sql",
    "log_horizon.sql",
)


def upgrade() -> None:
    """Make everything; an api appends and reads, a relay reads and keeps its checkpoints."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", *OBJECTS)
    run_sql(f"insert into store (service) values ('{service}')")
    run_sql(f"""
        revoke all on all functions in schema public from public;
        revoke create on schema public from public;
        grant execute on function append_to_stream, append_to_streams, log_horizon
            to "{service}_api";
        grant select on all tables in schema public to "{service}_api";
        grant execute on function relay_advance to "{service}_relay";
        grant select on store, streams, events, relay_checkpoints, feed_index, relay_rounds
            to "{service}_relay";
        grant update (epoch) on store to "{service}_relay";
        grant insert, update on relay_checkpoints to "{service}_relay";
        grant insert, delete on feed_index, relay_rounds to "{service}_relay";
        grant delete on idempotency to "{service}_relay";
        grant select (recorded_at) on idempotency to "{service}_relay";
    """)
