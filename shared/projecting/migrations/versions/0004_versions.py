"""Versions of a read model side by side: the owner's functions make, swap and drop them."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0004"
down_revision = "0003"

OBJECTS = (
    "projection_versions.sql",
    "make_projection_version.sql",
    "swap_projection_version.sql",
    "drop_projection_version.sql",
)


def upgrade() -> None:
    """Make the table of versions; a projector changes a version's state by the functions only."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.projecting.sql", *OBJECTS)
    run_sql(f"""
        revoke all on all functions in schema public from public;
        grant execute on function make_projection_version, swap_projection_version,
            drop_projection_version to "{service}_projector";
        grant select on projection_versions to "{service}_api", "{service}_projector";
        grant update (builder, lease_until, events_done, events_to_do, events_per_second,
            seconds_left, progress_at, problem) on projection_versions to "{service}_projector";
    """)
