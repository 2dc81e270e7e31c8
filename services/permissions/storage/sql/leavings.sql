-- Who left, as the records of one service tell it: from when on each of its processes refused them,
-- what of theirs it cut, and how often they were refused since. Ids, numbers and words of ours.
-- `{source}` is that service. Evidence is the record's event id.
create table leavings_{source} (
    subject uuid not null,
    process text collate "C" not null,
    applied_at timestamptz not null,
    left_at timestamptz,
    late_ms integer,
    service_accounts integer not null,
    is_at_start boolean not null,
    epoch integer not null,
    position bigint not null,
    event_id uuid not null,
    primary key (subject, process, applied_at)
);
-- What was cut, each by itself.
create table leavings_ended_{source} (
    subject uuid not null,
    event_id uuid not null,
    process text collate "C" not null,
    kind text collate "C" not null,
    operation text collate "C" not null,
    target text collate "C",
    service_account text collate "C",
    ended_at timestamptz not null,
    late_ms integer,
    primary key (subject, event_id)
);
-- Refusals of whoever is not active, by the minute in which the first of them was; of thirty days.
create table leavings_refused_{source} (
    subject uuid not null,
    process text collate "C" not null,
    minute timestamptz not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    times bigint not null,
    event_id uuid not null,
    primary key (subject, process, minute)
);
create index leavings_refused_{source}_by_minute on leavings_refused_{source} (minute);
-- Which processes there are: each that told anything of anybody, and between when; of thirty days.
create table leavings_heard_{source} (
    process text collate "C" primary key,
    first_at timestamptz not null,
    last_at timestamptz not null
);
