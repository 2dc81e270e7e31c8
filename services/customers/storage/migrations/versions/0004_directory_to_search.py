"""The directory of all fields, to filter and to search, is built beside the one that answers."""

from importlib.resources import files

from alembic import op

from shared.postgres.migrating import run_sql

revision = "0004"
down_revision = "0003"

DEFINE = "update projection_definitions set ddl = $1, shape = 2 where projection = 'directory'"
# Where nothing was folded yet there is nothing to wait for: the first version is made anew.
MAKE = """
    do $$
    declare
        building integer;
    begin
        select version into building from projection_versions
            where projection = 'directory' and state = 'building';
        if found then
            perform drop_projection_version('directory', building);
        end if;
        if exists (select from projection_marks
                where projection = 'directory' and feed_position > 0) then
            perform make_projection_version('directory', 'all fields, to filter and to search');
        else
            delete from projection_marks where projection = 'directory';
            delete from projection_versions where projection = 'directory';
            drop view directory;
            drop schema directory_1 cascade;
            perform make_projection_version('directory', 'the first');
            perform swap_projection_version('directory', 1, false);
        end if;
    end $$"""


def upgrade() -> None:
    """Define it; a projector builds it and lets it answer."""
    ddl = (files("services.customers.storage.sql") / "directory_2.sql").read_text()
    run_sql("create extension if not exists pg_trgm")
    op.get_bind().exec_driver_sql(DEFINE, (ddl,))
    run_sql(MAKE)
