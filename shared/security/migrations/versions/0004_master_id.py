"""Beside each wrapped key stands which master key wrapped it."""

from alembic import context

from shared.postgres.migrating import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; what was wrapped before has none, and is tried with each master key."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql(f"""
        alter table subject_keys add column master_id text collate "C";
        grant update (master_id) on subject_keys to "{service}_api";
    """)
