"""A worker on imports sees how far read models are, and nothing of what is in them."""

from alembic import context

from shared.postgres.migrating import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Let it look."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql(f'grant select on projection_marks, projection_versions to "{service}_worker"')
