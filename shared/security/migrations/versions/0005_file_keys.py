"""A worker makes keys for the customers that it registers and destroys the keys of files only."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the function; a worker may read and make keys, and destroy those of files."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.security.sql", "destroy_file_key.sql")
    run_sql(f"""
        revoke all on function destroy_file_key from public;
        grant execute on function destroy_file_key to "{service}_worker";
        grant select, insert on subject_keys to "{service}_worker";
        grant select on erasure_ledger to "{service}_worker";
    """)
