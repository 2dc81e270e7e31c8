-- The truth and the outbox: rows are inserted by append_to_stream(s) and never change.
-- (txid, position) is the order of the log; readers stop at the oldest transaction under way.
create table events (
    position bigint generated always as identity,
    txid xid8 not null default pg_current_xact_id(),
    stream text collate "C" not null,
    version bigint not null,
    event_id uuid not null,
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
    data bytea not null,
    primary key (stream, version)
);
create index events_feed on events (partition, txid, position);
