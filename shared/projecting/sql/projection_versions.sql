-- A read model is there in versions side by side, each with tables in a schema of its own
-- (`directory_1`, `directory_2`, …) and marks of its own; its plain name is a view of the current one.
-- The statements that make a read model's tables, as the newest migration says them.
create table projection_definitions (
    projection text collate "C" primary key,
    ddl text not null
);
-- `current` answers; `previous` follows the events too and is the way back; `building` is being
-- folded from the store; of `dropped` nothing is left but this row.
create table projection_versions (
    projection text collate "C" not null references projection_definitions,
    version integer not null check (version > 0),
    state text collate "C" not null check (state in ('building', 'current', 'previous', 'dropped')),
    reason text not null,
    made_at timestamptz not null default clock_timestamp(),
    swapped_at timestamptz,
    dropped_at timestamptz,
    -- Who builds it, by this server's clock; how far it is; why it stands still.
    builder uuid,
    lease_until timestamptz not null default '-infinity',
    events_done bigint not null default 0,
    events_to_do bigint,
    events_per_second real,
    seconds_left real,
    progress_at timestamptz,
    problem text,
    primary key (projection, version)
);
create unique index one_current_version on projection_versions (projection)
    where state = 'current';
create unique index one_version_is_built on projection_versions (projection)
    where state = 'building';
-- Marks are a version's own. `moved_at` says when the version was last known to be that far.
alter table projection_marks add column version integer not null default 1;
alter table projection_marks add column moved_at timestamptz;
alter table projection_marks alter column version drop default;
alter table projection_marks drop constraint projection_marks_pkey;
alter table projection_marks add primary key (projection, version, source, topic, partition);
