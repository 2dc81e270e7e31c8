"""What a relay saw on Kafka when it last looked; only a relay has to do with it."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the anchors."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", "relay_anchors.sql")
    run_sql(f'grant select, insert, update, delete on relay_anchors to "{service}_relay"')
