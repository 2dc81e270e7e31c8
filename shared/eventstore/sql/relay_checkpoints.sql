-- Who may send a partition (the lease, by this server's clock) and how far it is sent.
-- (txid, position) is the last event that Kafka acknowledged, feed_position its number, kafka_offset
-- where it lies, so that a lost Kafka is noticed.
create table relay_checkpoints (
    topic text collate "C" not null,
    partition smallint not null,
    epoch integer not null,
    owner uuid,
    lease_until timestamptz not null default '-infinity',
    txid xid8 not null default '0',
    position bigint not null default 0,
    feed_position bigint not null default 0,
    kafka_offset bigint,
    primary key (topic, partition)
) with (fillfactor = 50);
-- One row per 1,000 feed positions, so that reading the feed from any place is cheap.
create table feed_index (
    topic text collate "C" not null,
    partition smallint not null,
    feed_position bigint not null,
    txid xid8 not null,
    position bigint not null,
    primary key (topic, partition, feed_position)
);
-- One row per partition of every relay round, kept seven days: when a change reached Kafka.
create table relay_rounds (
    topic text collate "C" not null,
    partition smallint not null,
    feed_from bigint not null,
    feed_to bigint not null,
    acknowledged_at timestamptz not null,
    primary key (topic, partition, feed_to)
);
create index relay_rounds_age on relay_rounds using brin (acknowledged_at);
