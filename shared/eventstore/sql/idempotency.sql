-- What a command with an Idempotency-Key was answered, written once in the command's transaction.
-- No personal data: the body of a repeated answer is folded again from the events.
create table idempotency (
    key bytea primary key,
    body_mac bytea not null,
    status smallint not null,
    location text,
    stream text collate "C" not null,
    version bigint not null,
    recorded_at timestamptz not null
);
create index idempotency_age on idempotency using brin (recorded_at);
