-- To which accounts a subject's key was given: they hold copies until they confirm the erasure.
create table key_grants (
    kid text collate "C" not null references subject_keys,
    account text collate "C" not null,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    times bigint not null default 1,
    primary key (kid, account)
);
