-- How far each registered consumer says it is: written by the api for the consumer, one row per
-- partition. No truth and no mark that anything is applied by: a consumer says it again every
-- minute, so a server of views that was lost knows it again after a minute.
create table consumer_marks (
    consumer text collate "C" not null,
    topic text collate "C" not null,
    partition smallint not null,
    epoch integer not null,
    feed_position bigint not null,
    version text collate "C" not null,
    seen_at timestamptz not null,
    primary key (consumer, topic, partition)
) with (fillfactor = 50);
