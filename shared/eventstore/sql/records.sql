-- What somebody read, was refused, broke or did, kept beside the events and sent by the same relay.
-- Rows are inserted by keep_records and never change. The columns are those of events; the version
-- is the position, which is unique and needs no head of a stream to be locked: within a stream it
-- neither counts 1, 2, 3 nor gives the order, (txid, position) does.
create table records (
    position bigint generated always as identity,
    txid xid8 not null default pg_current_xact_id(),
    stream text collate "C" not null,
    version bigint not null generated always as (position) stored,
    event_id uuid primary key,
    type text collate "C" not null,
    schema_version smallint not null,
    subject text collate "C" not null,
    partition smallint not null,
    recorded_at timestamptz not null,
    actor text collate "C" not null,
    correlation_id uuid not null,
    causation_id uuid,
    connection text,
    traceparent text collate "C",
    data bytea not null
);
create index records_feed on records (partition, txid, position);
