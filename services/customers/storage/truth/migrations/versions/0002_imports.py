"""Imports: the files, their rows, who may feed them in and who may work on them."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them; an api takes files and tells, only a worker appends what they say."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("services.customers.storage.truth.sql", "imports.sql", "import_step.sql")
    run_sql(f"""
        revoke all on function import_step from public;
        grant execute on function import_step, append_to_streams to "{service}_worker";
        grant select on store, streams, events to "{service}_worker";
        grant select, insert on event_shapes to "{service}_worker";
        grant select on imports, import_chunks, import_rows, import_notes, import_keys
            to "{service}_api", "{service}_worker";
        grant insert, update on imports to "{service}_api";
        grant insert on import_chunks to "{service}_api";
        grant delete on import_notes to "{service}_api";
        grant update on imports to "{service}_worker";
        grant delete on import_chunks to "{service}_worker";
        grant insert on import_rows to "{service}_worker";
        grant insert, delete on import_notes to "{service}_worker";
        grant insert, update, delete on import_keys to "{service}_worker";
    """)
