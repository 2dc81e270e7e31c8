"""The directory's table moves, as it is, into the schema of its first version."""

from importlib.resources import files

from alembic import context, op

from shared.postgres.migrating import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the present table version 1; `directory` is a view of it from now on."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    ddl = (files("services.customers.storage.sql") / "directory.sql").read_text()
    define = "insert into projection_definitions (projection, ddl) values ('directory', $1)"
    op.get_bind().exec_driver_sql(define, (ddl,))
    run_sql(f"""
        create schema directory_1;
        grant usage on schema directory_1 to "{service}_projector";
        revoke all on directory from "{service}_api";
        alter table directory set schema directory_1;
        insert into projection_versions (projection, version, state, reason)
            values ('directory', 1, 'building', 'the first');
        select swap_projection_version('directory', 1, false);
    """)
