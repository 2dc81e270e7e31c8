-- What rights were used for and refused, as the records of one service tell it: ids, words of the
-- policy and numbers. `{source}` is that service. Its evidence is the record that told the last
-- time: its event id, and its place on daybook.access.v1.
create table usage_{source} (
    subject uuid not null,
    permission text collate "C" not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    times bigint not null,
    event_id uuid not null,
    partition smallint not null,
    epoch integer not null,
    feed_position bigint not null,
    primary key (subject, permission)
) with (fillfactor = 80);
-- Refusals by day, of the last thirty days.
create table refused_{source} (
    subject uuid not null,
    permission text collate "C" not null,
    code text collate "C" not null,
    day date not null,
    last_at timestamptz not null,
    times bigint not null,
    event_id uuid not null,
    partition smallint not null,
    epoch integer not null,
    feed_position bigint not null,
    primary key (subject, permission, code, day)
) with (fillfactor = 80);
create index refused_{source}_by_day on refused_{source} (day);
-- The time of the first decision that was told: what was used before is not known.
create table usage_known_{source} (
    only_row boolean primary key default true check (only_row),
    since timestamptz not null
);
