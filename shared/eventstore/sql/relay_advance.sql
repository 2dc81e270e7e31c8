-- Kafka acknowledged a round: move the checkpoints of its partitions, or none of them.
-- Renews the lease. SQLSTATE DB409: the lease is lost or somebody else moved the checkpoint.
create function relay_advance(
    p_topic text, p_owner uuid, p_epoch integer, p_lease interval, p_acknowledged_at timestamptz,
    p_partitions smallint[], p_from bigint[], p_to bigint[], p_txids xid8[], p_positions bigint[],
    p_offsets bigint[],
    p_index_partitions smallint[], p_index_feed bigint[], p_index_txids xid8[],
    p_index_positions bigint[]
) returns void language plpgsql as $$
declare
    v_moved integer;
begin
    update relay_checkpoints c
    set txid = m.txid, position = m.position, feed_position = m.feed_to,
        kafka_offset = m.kafka_offset, lease_until = clock_timestamp() + p_lease
    from unnest(p_partitions, p_from, p_to, p_txids, p_positions, p_offsets)
        as m (partition, feed_from, feed_to, txid, position, kafka_offset)
    where c.topic = p_topic and c.partition = m.partition and c.owner = p_owner
        and c.epoch = p_epoch and c.feed_position = m.feed_from - 1
        and c.lease_until > clock_timestamp();
    get diagnostics v_moved = row_count;
    if v_moved <> cardinality(p_partitions) then
        raise exception using errcode = 'DB409',
            message = 'the lease is lost or another relay moved the checkpoint';
    end if;
    insert into relay_rounds (topic, partition, feed_from, feed_to, acknowledged_at)
    select p_topic, m.partition, m.feed_from, m.feed_to, p_acknowledged_at
    from unnest(p_partitions, p_from, p_to) as m (partition, feed_from, feed_to)
    on conflict do nothing;
    if cardinality(p_index_partitions) > 0 then
        insert into feed_index (topic, partition, feed_position, txid, position)
        select p_topic, i.partition, i.feed_position, i.txid, i.position
        from unnest(p_index_partitions, p_index_feed, p_index_txids, p_index_positions)
            as i (partition, feed_position, txid, position)
        on conflict do nothing;
    end if;
end $$;
