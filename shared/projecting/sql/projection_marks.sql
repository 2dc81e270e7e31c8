-- How far a read model is: one mark per (source, topic, partition), moved by compare-and-set in the
-- transaction that changes the read model. (txid, position) is the place of the last applied
-- event in the store's log, which a reader's token is compared with.
create table projection_marks (
    projection text collate "C" not null,
    source text collate "C" not null,
    topic text collate "C" not null,
    partition smallint not null,
    epoch integer not null default 0,
    feed_position bigint not null default 0,
    txid bigint not null default 0,
    position bigint not null default 0,
    kafka_offset bigint not null default -1,
    primary key (projection, source, topic, partition)
) with (fillfactor = 50);
-- One row per partition of every batch, kept seven days: when a change reached the read model.
create table projection_batches (
    projection text collate "C" not null,
    topic text collate "C" not null,
    partition smallint not null,
    feed_from bigint not null,
    feed_to bigint not null,
    applied_at timestamptz not null,
    primary key (projection, topic, partition, feed_to)
);
create index projection_batches_age on projection_batches using brin (applied_at);
