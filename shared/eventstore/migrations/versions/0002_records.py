"""Records of access, refusals, errors and operators' actions, and who may keep and send them."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them; an api keeps and reads records, a relay reads them, nobody changes one."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", "records.sql", "keep_records.sql")
    run_sql(f"""
        revoke all on function keep_records from public;
        grant execute on function keep_records to "{service}_api";
        grant select on records to "{service}_api", "{service}_relay";
    """)
