"""Which processes there are is kept beside who left, in the read models that are there already."""

from alembic import op

from services.permissions.projections.of_records import LEAVINGS, ddl_of, name_of
from shared.postgres.migrating import run_sql

revision = "0004"
down_revision = "0003"

DEFINE = "update projection_definitions set ddl = $1 where projection = $2"
# A process that was told of before stays known: it begins with what the other tables say.
ADD = """
    do $$
    declare
        service text := regexp_replace(current_user::text, '_owner$', '');
        before text := current_setting('search_path');
        its record;
    begin
        for its in
            select 'leavings_{source}_' || version as room, state from projection_versions
                where projection = 'leavings_{source}' and dropped_at is null
        loop
            perform set_config('search_path', its.room || ', public', true);
            create table if not exists leavings_heard_{source} (
                process text collate "C" primary key,
                first_at timestamptz not null,
                last_at timestamptz not null
            );
            insert into leavings_heard_{source}
                select process, min(at), max(at) from (
                    select process, applied_at as at from leavings_{source}
                    union all select process, ended_at from leavings_ended_{source}
                    union all select process, first_at from leavings_refused_{source}
                    union all select process, last_at from leavings_refused_{source}) as told
                where at > now() - interval '30 days'
                group by process
                on conflict do nothing;
            execute format('grant select, insert, update, delete on leavings_heard_{source} to %I',
                service || '_projector');
            if its.state = 'current' then
                execute format('create or replace view public.leavings_heard_{source} as
                    select * from %I.leavings_heard_{source}', its.room);
                execute format('grant select on public.leavings_heard_{source} to %I',
                    service || '_api');
            end if;
        end loop;
        perform set_config('search_path', before, true);
    end $$"""


def upgrade() -> None:
    """Add the table to the versions that are there, and define those to come with it."""
    for source in ("customers", "permissions"):
        values = (ddl_of(LEAVINGS, source), name_of(LEAVINGS, source))
        op.get_bind().exec_driver_sql(DEFINE, values)
        run_sql(ADD.replace("{source}", source))
