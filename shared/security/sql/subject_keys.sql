-- One key per subject, wrapped by the master key. Destroying one empties it and keeps the row:
-- that a key was destroyed is known for ever, the key never again.
create table subject_keys (
    kid text collate "C" primary key,
    wrapped bytea,
    made_at timestamptz not null default now(),
    destroyed_at timestamptz,
    check ((wrapped is null) = (destroyed_at is not null))
);
