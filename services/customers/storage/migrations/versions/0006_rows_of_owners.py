"""What certain owners have is read in every order by an index that begins with the owner."""

from importlib.resources import files

from alembic import op

from shared.postgres.migrating import run_sql

revision = "0006"
down_revision = "0005"

DEFINE = "update projection_definitions set ddl = $1 where projection = 'directory' and shape = 2"
# Versions of an earlier shape have no owners and are dropped soon.
INDEX = """
    do $$
    declare
        its text;
    begin
        for its in
            select 'directory_' || version from projection_versions
                where projection = 'directory' and shape = 2 and dropped_at is null
        loop
            execute format('drop index %I.directory_by_owner', its);
            execute format('create index directory_by_owner on %I.directory
                (owner, sort_name, id) include (is_archived)', its);
            execute format('create index if not exists directory_by_owner_and_change
                on %I.directory (owner, changed_at, id) include (is_archived)', its);
            execute format('create index if not exists directory_by_owner_and_registration
                on %I.directory (owner, registered_at, id) include (is_archived)', its);
        end loop;
    end $$"""


def upgrade() -> None:
    """Make the indexes of the versions that are there, and define those to come with them."""
    ddl = (files("services.customers.storage.sql") / "directory_2.sql").read_text()
    op.get_bind().exec_driver_sql(DEFINE, (ddl,))
    run_sql(INDEX)
