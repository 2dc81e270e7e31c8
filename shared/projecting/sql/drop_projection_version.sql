-- Remove everything of one version of a read model, never of the one that answers.
create function drop_projection_version(its text, gone integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from public.projection_definitions d where d.projection = its for update;
    update public.projection_versions v
        set state = 'dropped', dropped_at = clock_timestamp(), builder = null
        where v.projection = its and v.version = gone and v.state <> 'current';
    if not found then
        raise exception 'version % of % is the current one, or there is none', gone, its
            using errcode = 'DB409';
    end if;
    delete from public.projection_marks m where m.projection = its and m.version = gone;
    execute format('drop schema if exists %I cascade', its || '_' || gone);
end $$;
