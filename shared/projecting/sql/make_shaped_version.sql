-- As make_projection_version.sql, and each version remembers of which shape its tables are.
create or replace function make_projection_version(its text, why text) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    statements text;
    its_shape integer;
    service text := regexp_replace(current_user::text, '_owner$', '');
    made integer;
    room text;
begin
    select d.ddl, d.shape into strict statements, its_shape from public.projection_definitions d
        where d.projection = its for update;
    select v.version into made from public.projection_versions v
        where v.projection = its and v.state = 'building';
    if found then
        return made;
    end if;
    select coalesce(max(v.version), 0) + 1 into made from public.projection_versions v
        where v.projection = its;
    room := its || '_' || made;
    execute format('create schema %I', room);
    perform set_config('search_path', format('%I, pg_catalog', room), true);
    execute statements;
    execute format('grant usage on schema %I to %I', room, service || '_projector');
    execute format('grant select, insert, update, delete on all tables in schema %I to %I',
        room, service || '_projector');
    insert into public.projection_versions (projection, version, state, reason, shape)
        values (its, made, 'building', why, its_shape);
    return made;
end $$;
