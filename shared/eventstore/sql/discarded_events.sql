-- Which events operators discarded for a read model, ever: whoever folds one may know this, and
-- need not read the other records.
create index records_of_operators on records (recorded_at) where type = 'OperatorActed';
create function discarded_events(its text) returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select a.act -> 'detail' ->> 'event_id'
    from (select convert_from(r.data, 'UTF8')::jsonb as act from public.records r
        where r.type = 'OperatorActed') a
    where a.act ->> 'action' = 'parked.discard' and a.act ->> 'target' = its
$$;
