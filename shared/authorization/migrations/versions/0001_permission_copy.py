"""A service keeps a copy of all permissions, so that it can start while nobody else answers."""

from alembic import context

from shared.postgres.migrating import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table; it has one row, which every process of the service may renew."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql(f"""
        create table permission_copy (
            is_the_only boolean primary key default true check (is_the_only),
            epoch bigint not null,
            feed_position bigint not null,
            -- When it was certainly all there was: a copy stays as old as it is.
            as_of timestamptz not null,
            copy bytea not null
        );
        grant select, insert, update on permission_copy to "{service}_api", "{service}_worker";
    """)
