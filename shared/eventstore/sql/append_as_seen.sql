-- Events of many streams in one transaction, if nothing was appended since the caller looked: for
-- decisions that look at everything. Every such call names the same stream first (with no event, if
-- it has none for it), so that one waits for the other there; what is written without it (p_apart:
-- types of events that decide nothing) makes no difference. The answer is kept under the
-- idempotency key, if there is one.
--
-- SQLSTATE DB412  a stream is at another version, or something was appended since: look again
--          DB423  a twin with the same idempotency key was faster: its answer is kept
create function append_as_seen(
    p_streams text[], p_expected bigint[], p_counts integer[], p_subjects text[],
    p_partitions smallint[], p_recorded_at timestamptz, p_actor text, p_correlation_id uuid,
    p_causation_id uuid, p_connection text, p_traceparent text,
    p_stream_of integer[], p_versions bigint[], p_event_ids uuid[], p_types text[],
    p_schema_versions smallint[], p_data bytea[],
    p_seen_txid xid8, p_seen_position bigint, p_apart text[],
    p_key bytea, p_body_mac bytea, p_status smallint, p_location text,
    p_told_stream text, p_told_version bigint,
    out o_epoch integer, out o_txid xid8, out o_position bigint
) language plpgsql security definer set search_path = public, pg_temp as $$
begin
    select a.o_epoch, a.o_txid, coalesce(a.o_position, 0) into o_epoch, o_txid, o_position
    from append_to_streams(p_streams, p_expected, p_counts, p_subjects, p_partitions,
        p_recorded_at, p_actor, p_correlation_id, p_causation_id, p_connection, p_traceparent,
        p_stream_of, p_versions, p_event_ids, p_types, p_schema_versions, p_data) a;
    if exists (
        select from events e
        where e.partition = any (p_partitions) and e.txid <> o_txid
            and (e.txid, e.position) > (p_seen_txid, p_seen_position)
            and e.type <> all (p_apart)
    ) then
        raise exception using errcode = 'DB412', message = 'something was appended since';
    end if;
    if p_key is not null then
        insert into idempotency (key, body_mac, status, location, stream, version, recorded_at)
        values (p_key, p_body_mac, p_status, p_location, p_told_stream, p_told_version,
            p_recorded_at)
        on conflict do nothing;
        if not found then
            raise exception using errcode = 'DB423', message = 'a twin was faster';
        end if;
    end if;
end $$;
