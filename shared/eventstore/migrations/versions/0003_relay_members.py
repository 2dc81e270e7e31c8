"""Relays share partitions: who is alive, and the one function by which a relay claims."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the members and the claim; only a relay has to do with them."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", "relay_claim.sql")
    run_sql(f"""
        revoke all on function relay_claim from public;
        grant execute on function relay_claim to "{service}_relay";
        grant select, insert, update, delete on relay_members to "{service}_relay";
        grant select on relay_members to "{service}_api";
    """)
