-- One command, one call, one transaction: remember the answer, compare-and-set the stream's head,
-- insert the events. The order matters: the idempotency row first, so that a twin waits for it and
-- gets the first answer instead of a version conflict.
--
-- Nearly every command causes one event, so the first event comes as plain values and only what
-- follows it as arrays: arrays cost a tenth of the whole call. No event at all is allowed, to
-- remember the answer of a command that changed nothing.
--
-- SQLSTATE DB001  something was written in this transaction before the call
--          DB412  the stream is at another version (DETAIL: the current one)
--          DB422  the idempotency key was used for another body
--          DBRTY  a younger transaction got to the stream first: try again
create function append_to_stream(
    p_key bytea, p_body_mac bytea, p_status smallint, p_location text,
    p_stream text, p_expected bigint, p_subject text, p_partition smallint,
    p_recorded_at timestamptz, p_actor text, p_correlation_id uuid, p_causation_id uuid,
    p_connection text, p_traceparent text,
    p_event_id uuid, p_type text, p_schema_version smallint, p_data bytea,
    p_more_ids uuid[], p_more_types text[], p_more_versions smallint[], p_more_data bytea[],
    out o_replayed boolean, out o_status smallint, out o_location text,
    out o_stream text, out o_version bigint, out o_epoch integer,
    out o_txid xid8, out o_position bigint, out o_partition smallint
) language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_count integer := (p_event_id is not null)::integer + coalesce(cardinality(p_more_ids), 0);
    v_recorded_at timestamptz := p_recorded_at;
    v_mac bytea;
begin
    if pg_current_xact_id_if_assigned() is not null then
        raise exception using errcode = 'DB001',
            message = 'something was written in this transaction before the append';
    end if;
    o_replayed := false;
    if p_key is not null then
        insert into idempotency (key, body_mac, status, location, stream, version, recorded_at)
        values (p_key, p_body_mac, p_status, p_location, p_stream, p_expected + v_count,
                p_recorded_at)
        on conflict do nothing;
        if not found then
            select i.body_mac, i.status, i.location, i.stream, i.version
            into v_mac, o_status, o_location, o_stream, o_version
            from idempotency i where i.key = p_key;
            if v_mac <> p_body_mac then
                raise exception using errcode = 'DB422',
                    message = 'this idempotency key was used for another body';
            end if;
            o_replayed := true;
            select s.epoch into o_epoch from store s;
            select e.txid, e.position, e.partition into o_txid, o_position, o_partition
            from events e where e.stream = o_stream and e.version = o_version;
            return;
        end if;
    end if;
    o_txid := pg_current_xact_id();
    if p_expected = 0 then
        insert into streams (stream, version, last_txid, recorded_at)
        values (p_stream, v_count, o_txid, p_recorded_at)
        on conflict do nothing;
    else
        update streams s
        set version = s.version + v_count, last_txid = o_txid,
            recorded_at = greatest(s.recorded_at, p_recorded_at)
        where s.stream = p_stream and s.version = p_expected and s.last_txid < o_txid
        returning s.recorded_at into v_recorded_at;
    end if;
    if not found then
        select s.version into o_version from streams s where s.stream = p_stream;
        if o_version = p_expected and p_expected > 0 then
            raise exception using errcode = 'DBRTY',
                message = 'a younger transaction wrote this stream first';
        end if;
        raise exception using errcode = 'DB412', message = 'the stream is at another version',
            detail = coalesce(o_version, 0)::text;
    end if;
    if p_event_id is not null then
        insert into events (txid, stream, version, event_id, type, schema_version, subject,
            partition, recorded_at, actor, correlation_id, causation_id, connection,
            traceparent, data)
        values (o_txid, p_stream, p_expected + 1, p_event_id, p_type, p_schema_version, p_subject,
            p_partition, v_recorded_at, p_actor, p_correlation_id, p_causation_id, p_connection,
            p_traceparent, p_data)
        returning position into o_position;
    end if;
    if p_more_ids is not null then
        with inserted as (
            insert into events (txid, stream, version, event_id, type, schema_version, subject,
                partition, recorded_at, actor, correlation_id, causation_id, connection,
                traceparent, data)
            select o_txid, p_stream, p_expected + 1 + e.n, e.event_id, e.type, e.schema_version,
                p_subject, p_partition, v_recorded_at, p_actor, p_correlation_id,
                p_causation_id, p_connection, p_traceparent, e.data
            from unnest(p_more_ids, p_more_types, p_more_versions, p_more_data)
                with ordinality as e (event_id, type, schema_version, data, n)
            returning position
        )
        select max(i.position) into o_position from inserted i;
    end if;
    o_status := p_status;
    o_location := p_location;
    o_stream := p_stream;
    o_version := p_expected + v_count;
    o_partition := p_partition;
    select s.epoch into o_epoch from store s;
end $$;
