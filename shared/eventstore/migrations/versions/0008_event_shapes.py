"""In which shapes events are stored is kept beside them; an api adds those that it writes."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Read them from the events this once; whoever appends may add one, nobody takes one away."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", "event_shapes.sql")
    run_sql(f'grant select, insert on event_shapes to "{service}_api"')
