-- Many streams in one transaction, for imports: new streams (expected 0) and existing ones, their
-- heads taken in stream order so that two such calls never wait for each other in a circle.
-- p_stream_of names, for each event, its stream's place (from 1) in p_streams; events of one
-- stream stand in order. SQLSTATEs as in append_to_stream.
create function append_to_streams(
    p_streams text[], p_expected bigint[], p_counts integer[], p_subjects text[],
    p_partitions smallint[], p_recorded_at timestamptz, p_actor text, p_correlation_id uuid,
    p_causation_id uuid, p_connection text, p_traceparent text,
    p_stream_of integer[], p_versions bigint[], p_event_ids uuid[], p_types text[],
    p_schema_versions smallint[], p_data bytea[],
    out o_epoch integer, out o_txid xid8, out o_position bigint
) language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_times timestamptz[];
    v_changed integer;
begin
    if pg_current_xact_id_if_assigned() is not null then
        raise exception using errcode = 'DB001',
            message = 'something was written in this transaction before the append';
    end if;
    o_txid := pg_current_xact_id();
    if 0 = all (p_expected) then
        insert into streams (stream, version, last_txid, recorded_at)
        select w.stream, w.count, o_txid, p_recorded_at
        from unnest(p_streams, p_counts) as w (stream, count) order by w.stream
        on conflict do nothing;
        get diagnostics v_changed = row_count;
        v_times := array_fill(p_recorded_at, array[cardinality(p_streams)]);
    else
        with wanted as (
            select w.stream, w.expected, w.count, w.n
            from unnest(p_streams, p_expected, p_counts)
                with ordinality as w (stream, expected, count, n)
        ), locked as materialized (
            select s.stream, s.version, s.last_txid from streams s
            where s.stream = any (p_streams) order by s.stream for update
        ), changed as (
            update streams s
            set version = s.version + w.count, last_txid = o_txid,
                recorded_at = greatest(s.recorded_at, p_recorded_at)
            from wanted w join locked l on l.stream = w.stream
            where s.stream = w.stream and l.version = w.expected and l.last_txid < o_txid
                and w.expected > 0
            returning w.n, s.recorded_at
        ), made as (
            insert into streams (stream, version, last_txid, recorded_at)
            select w.stream, w.count, o_txid, p_recorded_at
            from wanted w where w.expected = 0 order by w.stream
            on conflict do nothing returning stream, recorded_at
        ), times as (
            select c.n, c.recorded_at from changed c
            union all
            select w.n, m.recorded_at from made m join wanted w on w.stream = m.stream
        )
        select count(*), array_agg(t.recorded_at order by t.n) into v_changed, v_times
        from times t;
    end if;
    if v_changed <> cardinality(p_streams) then
        raise exception using errcode = 'DB412',
            message = 'a stream of the batch is at another version';
    end if;
    with inserted as (
        insert into events (txid, stream, version, event_id, type, schema_version, subject,
            partition, recorded_at, actor, correlation_id, causation_id, connection,
            traceparent, data)
        select o_txid, p_streams[e.stream_of], e.version, e.event_id, e.type, e.schema_version,
            p_subjects[e.stream_of], p_partitions[e.stream_of], v_times[e.stream_of], p_actor,
            p_correlation_id, p_causation_id, p_connection, p_traceparent, e.data
        from unnest(p_stream_of, p_versions, p_event_ids, p_types, p_schema_versions, p_data)
            as e (stream_of, version, event_id, type, schema_version, data)
        returning position
    )
    select max(i.position) into o_position from inserted i;
    select s.epoch into o_epoch from store s;
end $$;
