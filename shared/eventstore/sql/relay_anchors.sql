-- Per partition one record that Kafka had when the relay last looked, at or before the checkpoint.
-- On a topic that several services fill, the record at the checkpoint proves little: after the log
-- was emptied and filled by others, a round may be taken at a higher offset as if nothing had
-- happened. The anchor was there before, so it is gone or another record stands in its place.
create table relay_anchors (
    topic text collate "C" not null,
    partition smallint not null,
    epoch integer not null,
    feed_position bigint not null,
    kafka_offset bigint not null,
    primary key (topic, partition)
);
