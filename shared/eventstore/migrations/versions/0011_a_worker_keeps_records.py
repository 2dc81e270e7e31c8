"""A worker decides while it works, and what it decides is on record."""

from alembic import context

from shared.postgres.migrating import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Let a worker keep records; it reads none."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql(f'grant execute on function keep_records to "{service}_worker"')
