-- Who holds back every reader of the log: the oldest transaction under way that has an xid, and
-- for how long it has been open. Asked with the owner's right to see all sessions.
create function log_horizon(out pid integer, out seconds double precision)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select a.pid, extract(epoch from clock_timestamp() - a.xact_start)::float8
    from pg_stat_activity a
    where a.backend_xid is not null and a.pid <> pg_backend_pid() and a.xact_start is not null
    order by age(a.backend_xid) desc limit 1
$$;
