-- Many records, one call, one transaction. A call that is repeated because nobody knows whether it
-- happened keeps each record once.
create function keep_records(
    p_event_ids uuid[], p_types text[], p_schema_versions smallint[], p_streams text[],
    p_subjects text[], p_partitions smallint[], p_recorded_at timestamptz[], p_actors text[],
    p_correlation_ids uuid[], p_traceparents text[], p_data bytea[]
) returns void language sql security definer set search_path = public, pg_temp as $$
    insert into records (event_id, type, schema_version, stream, subject, partition, recorded_at,
        actor, correlation_id, traceparent, data)
    select r.event_id, r.type, r.schema_version, r.stream, r.subject, r.partition, r.recorded_at,
        r.actor, r.correlation_id, r.traceparent, r.data
    from unnest(p_event_ids, p_types, p_schema_versions, p_streams, p_subjects, p_partitions,
        p_recorded_at, p_actors, p_correlation_ids, p_traceparents, p_data) with ordinality
        as r (event_id, type, schema_version, stream, subject, partition, recorded_at, actor,
            correlation_id, traceparent, data, n)
    order by r.n
    on conflict (event_id) do nothing
$$;
