"""Which server the store lives on, its lives so far, and how the next one begins."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0005"
down_revision = "0004"

OBJECTS = ("store_epochs.sql", "begin_next_epoch.sql", "newest_txid.sql", "renumber_log.sql")


def upgrade() -> None:
    """Make them; api and relay may begin a new epoch, only the owner may renumber the log."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.eventstore.sql", *OBJECTS)
    run_sql(f"""
        revoke all on function this_server, begin_next_epoch, newest_txid, renumber_log
            from public;
        grant execute on function this_server, begin_next_epoch, newest_txid
            to "{service}_api", "{service}_relay";
        revoke update (epoch) on store from "{service}_relay";
        grant select on store_epochs to "{service}_api", "{service}_relay";
    """)
