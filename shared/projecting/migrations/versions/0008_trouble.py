"""Whoever waits for a version that is being built sees what its last try failed of."""

from alembic import context

from shared.postgres.migrating import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; the builder writes it."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql(f"""
        alter table projection_versions add column trouble text;
        grant update (trouble) on projection_versions to "{service}_projector";
    """)
