"""Of one read model one rebuild is ordered at a time: two would build it twice for nothing."""

from shared.postgres.migrating import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """End what was ordered twice, then let nobody do so."""
    run_sql("""
        update projection_orders o
        set state = 'failed', error = 'it was ordered before this one and not yet done',
            ended_at = clock_timestamp()
        where o.kind = 'rebuild' and o.state = 'waiting' and exists (
            select from projection_orders e where e.projection = o.projection
                and e.kind = 'rebuild' and e.state in ('waiting', 'running')
                and (e.state = 'running' or (e.ordered_at, e.id) < (o.ordered_at, o.id)));
        create unique index projection_orders_one_rebuild on projection_orders (projection)
            where kind = 'rebuild' and state in ('waiting', 'running')
    """)
