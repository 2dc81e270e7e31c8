-- Whose each customer is and what conditions may ask of it, as of `version`, since `since`; nothing
-- personal. An erased one keeps its row, with nobody as owner; a withdrawn one is never answered.
create table customer_owners (
    id uuid primary key,
    owner uuid,
    kind text collate "C" not null,
    stage text collate "C",
    is_archived boolean not null,
    is_erased boolean not null,
    is_withdrawn boolean not null,
    version bigint not null,
    since timestamptz not null
) with (fillfactor = 80);
create index customer_owners_by_owner on customer_owners (owner, id);
-- What it was before: from `since` until the change that was version `until_version`. Most customers
-- never change hands and have no row here; of an erased one nothing is kept.
create table customer_owners_before (
    id uuid not null,
    until_version bigint not null,
    owner uuid,
    kind text collate "C" not null,
    stage text collate "C",
    is_archived boolean not null,
    since timestamptz not null,
    primary key (id, until_version)
);
