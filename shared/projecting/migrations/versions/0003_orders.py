"""Orders to the projector: placed by the api, done by the projector."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of orders; nobody deletes one."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.projecting.sql", "projection_orders.sql")
    run_sql(f"""
        grant select, insert on projection_orders to "{service}_api";
        grant select, update on projection_orders to "{service}_projector";
    """)
