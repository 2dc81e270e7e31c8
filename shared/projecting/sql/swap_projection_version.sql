-- Let another version of a read model answer. The one that answered stays as `previous`, or is
-- dropped if it cannot follow any more; an older previous one is dropped. All in the caller's
-- transaction, so that a reader sees one version only.
create function swap_projection_version(its text, next integer, keep boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    service text := regexp_replace(current_user::text, '_owner$', '');
    shown text;
begin
    perform from public.projection_definitions d where d.projection = its for update;
    perform from public.projection_versions v where v.projection = its and v.version = next
        and v.state in ('building', 'previous');
    if not found then
        raise exception 'version % of % cannot become the current one', next, its
            using errcode = 'DB409';
    end if;
    for shown in select c.relname from pg_class c
        join public.projection_versions v on v.projection = its and v.state = 'current'
        where c.relnamespace = to_regnamespace(format('%I', its || '_' || v.version))
            and c.relkind = 'r'
    loop
        execute format('drop view if exists public.%I', shown);
    end loop;
    update public.projection_versions v
        set state = case when v.state = 'current' and keep then 'previous' else 'dropped' end
        where v.projection = its and v.version <> next and v.state in ('current', 'previous');
    update public.projection_versions v
        set state = 'current', swapped_at = clock_timestamp(), builder = null, problem = null
        where v.projection = its and v.version = next;
    -- Whoever still writes into a dropped version fails at its marks.
    delete from public.projection_marks m using public.projection_versions v
        where v.projection = its and v.state = 'dropped'
            and m.projection = its and m.version = v.version;
    for shown in select c.relname from pg_class c
        where c.relnamespace = to_regnamespace(format('%I', its || '_' || next))
            and c.relkind = 'r'
    loop
        execute format('create view public.%I as select * from %I.%I',
            shown, its || '_' || next, shown);
        execute format('grant select on public.%I to %I', shown, service || '_api');
    end loop;
end $$;
