-- One batch of an import, whole or not at all: its events, what became of its rows, and how far the
-- import is. Only the owner whose lease runs, and who stands where the import stands, may take it:
-- what a killed worker had not finished happens once, by the next. SQLSTATE DB409: somebody else
-- has the import, or it was cancelled; DB412 as in append_to_streams, also for a key that another
-- import used meanwhile.
create function import_step(
    p_streams text[], p_expected bigint[], p_counts integer[], p_subjects text[],
    p_partitions smallint[], p_recorded_at timestamptz, p_actor text, p_correlation_id uuid,
    p_causation_id uuid, p_connection text, p_traceparent text,
    p_stream_of integer[], p_versions bigint[], p_event_ids uuid[], p_types text[],
    p_schema_versions smallint[], p_data bytea[],
    p_import uuid, p_owner uuid, p_from bigint, p_rows bigint, p_reached bigint,
    p_created bigint, p_changed bigint, p_unchanged bigint, p_refused bigint, p_kept bigint,
    p_numbers bigint[], p_customers uuid[], p_before bigint[], p_after bigint[],
    p_keys bytea[], p_nths integer[], p_key_customers uuid[], p_contents bytea[],
    p_are_new boolean[],
    p_note_numbers bigint[], p_note_places smallint[], p_note_whats text[],
    p_note_sealed bytea[], p_note_matches text[], p_undone uuid[], p_withdrawn uuid[],
    out o_epoch integer, out o_txid xid8, out o_position bigint
) language plpgsql as $$
declare
    v_made integer;
begin
    -- First: nothing may be written in the transaction before an append.
    if cardinality(p_streams) > 0 then
        select a.o_epoch, a.o_txid, a.o_position into o_epoch, o_txid, o_position
        from append_to_streams(p_streams, p_expected, p_counts, p_subjects, p_partitions,
            p_recorded_at, p_actor, p_correlation_id, p_causation_id, p_connection, p_traceparent,
            p_stream_of, p_versions, p_event_ids, p_types, p_schema_versions, p_data) a;
    else
        select s.epoch, '0'::xid8, 0 into o_epoch, o_txid, o_position from store s;
    end if;
    update imports i
    set rows = i.rows + p_rows, reached = p_reached, created = i.created + p_created,
        changed = i.changed + p_changed, unchanged = i.unchanged + p_unchanged,
        refused = i.refused + p_refused, kept = i.kept + p_kept, touched_at = p_recorded_at
    where i.id = p_import and i.owner = p_owner and i.lease_until > clock_timestamp()
        and i.state = 'running' and i.rows = p_from;
    if not found then
        raise exception using errcode = 'DB409', message = 'the import is not this worker''s';
    end if;
    insert into import_rows (import_id, number, customer_id, version_before, version_after)
    select p_import, * from unnest(p_numbers, p_customers, p_before, p_after);
    insert into import_keys (key, nth, customer_id, content, import_id)
    select k.key, k.nth, k.customer_id, k.content, p_import
    from unnest(p_keys, p_nths, p_key_customers, p_contents, p_are_new)
        as k (key, nth, customer_id, content, is_new)
    where k.is_new order by k.key, k.nth
    on conflict do nothing;
    get diagnostics v_made = row_count;
    if v_made <> cardinality(array_positions(p_are_new, true)) then
        raise exception using errcode = 'DB412', message = 'another import used a key meanwhile';
    end if;
    update import_keys o
    set customer_id = k.customer_id, content = k.content, import_id = p_import
    from unnest(p_keys, p_nths, p_key_customers, p_contents, p_are_new)
        as k (key, nth, customer_id, content, is_new)
    where o.key = k.key and o.nth = k.nth and not k.is_new;
    -- What was undone may be imported again.
    if cardinality(p_undone) > 0 then
        delete from import_keys k where k.customer_id = any (p_withdrawn);
        update import_keys k set content = null where k.customer_id = any (p_undone);
    end if;
    insert into import_notes (import_id, number, place, what, sealed, matches)
    select p_import, n.number, n.place, n.what, n.sealed, n.matches::bytea[]
    from unnest(p_note_numbers, p_note_places, p_note_whats, p_note_sealed, p_note_matches)
        as n (number, place, what, sealed, matches);
end $$;
