-- The relays that are alive share the partitions of a topic evenly, by these rows and this clock.
create table relay_members (
    topic text collate "C" not null,
    owner uuid not null,
    alive_until timestamptz not null,
    primary key (topic, owner)
) with (fillfactor = 50);
-- Say that this relay lives, give back what is more than its share, renew what it holds, take what
-- nobody holds up to its share. A checkpoint of an earlier epoch starts over when it is claimed.
-- Returns every partition: whose it is, when its lease ends (seconds), how far it is sent.
create function relay_claim(p_topic text, p_owner uuid, p_lease interval)
returns table (
    is_mine boolean, free_in double precision, partition smallint, epoch integer, txid xid8,
    "position" bigint, feed_position bigint, kafka_offset bigint
) language plpgsql as $$
#variable_conflict use_column
declare
    v_now timestamptz := clock_timestamp();
    v_share integer;
    v_held integer;
begin
    insert into relay_members (topic, owner, alive_until) values (p_topic, p_owner, v_now + p_lease)
    on conflict (topic, owner) do update set alive_until = excluded.alive_until;
    delete from relay_members m where m.topic = p_topic and m.alive_until < v_now - interval '1 min';
    v_share := ceil(
        (select count(*) from relay_checkpoints c where c.topic = p_topic)::numeric
        / (select count(*) from relay_members m where m.topic = p_topic and m.alive_until >= v_now));
    update relay_checkpoints c set owner = null, lease_until = '-infinity'
    where c.topic = p_topic and c.owner = p_owner and c.partition in (
        select h.partition from relay_checkpoints h
        where h.topic = p_topic and h.owner = p_owner order by h.partition offset v_share);
    select count(*) into v_held from relay_checkpoints c
    where c.topic = p_topic and c.owner = p_owner;
    update relay_checkpoints c
    set owner = p_owner, lease_until = clock_timestamp() + p_lease, epoch = s.epoch,
        txid = case when c.epoch = s.epoch then c.txid else '0'::xid8 end,
        position = case when c.epoch = s.epoch then c.position else 0 end,
        feed_position = case when c.epoch = s.epoch then c.feed_position else 0 end,
        kafka_offset = case when c.epoch = s.epoch then c.kafka_offset end
    from store s
    where c.topic = p_topic and (c.owner = p_owner or c.partition in (
        select f.partition from relay_checkpoints f
        where f.topic = p_topic and f.owner is distinct from p_owner
            and f.lease_until < clock_timestamp()
        order by f.partition limit greatest(v_share - v_held, 0) for update skip locked));
    return query
    select coalesce(c.owner = p_owner, false),
        extract(epoch from greatest(c.lease_until, v_now) - clock_timestamp())::float8,
        c.partition, c.epoch, c.txid, c.position, c.feed_position, c.kafka_offset
    from relay_checkpoints c where c.topic = p_topic order by c.partition;
end $$;
