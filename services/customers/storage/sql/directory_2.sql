-- The directory answers "which customers are there, and which match this": one row per customer, as
-- of `version`. Erased customers keep their row, without anything personal; withdrawn ones have none.
create table directory (
    id uuid primary key,
    kind text not null,
    name text,
    stage text,
    owner text,
    -- ISO 3166 alpha-2, of the primary address.
    country text,
    -- What can be filtered by, as `field=value`.
    facets text[] not null,
    is_archived boolean not null,
    is_erased boolean not null,
    version bigint not null,
    registered_at timestamptz not null,
    changed_at timestamptz not null,
    -- In the spelling in which names are sorted and compared; empty once erased.
    sort_name text collate "C" not null,
    -- Everything else that lists show and that the next event is folded onto.
    details jsonb not null
) with (fillfactor = 80);
create index directory_by_name on directory (sort_name, id);
create index directory_by_change on directory (changed_at, id);
create index directory_by_registration on directory (registered_at, id);
-- A walk along the names would find a country's customers far apart, or all at the end of the alphabet.
create index directory_by_stage on directory (stage, sort_name, id);
create index directory_by_country on directory (country, sort_name, id);
-- Whoever sees what certain owners have gets the first rows of each, in any order; whether one is
-- archived is in the index, so that only the rows of the page are read.
create index directory_by_owner on directory (owner, sort_name, id) include (is_archived);
create index directory_by_owner_and_change on directory (owner, changed_at, id) include (is_archived);
create index directory_by_owner_and_registration on directory (owner, registered_at, id)
    include (is_archived);
-- What was not yet sorted in is read entry by entry by every search: half of what PostgreSQL allows
-- by itself, at four fifths of its rate of writing.
create index directory_by_facet on directory using gin (facets) with (gin_pending_list_limit = 1024);
alter table directory alter column facets set statistics 500;

-- What can be searched, apart, so that a change of anything else does not touch its large indexes.
-- Erased customers have none.
create table directory_text (
    id uuid primary key,
    -- Lines in the spelling of searches, the name in all its writings first.
    search text collate "C" not null,
    -- Whole addresses, mailboxes and numbers, words, CJK characters and their pairs.
    keys text[] not null
);
create index directory_by_text on directory_text
    using gin (search public.gin_trgm_ops) with (gin_pending_list_limit = 2048);
-- Hundreds of keys are looked for at once, each in every entry that is not yet sorted in: a third of a
-- second for 2 MB of them. So there are none.
create index directory_by_key on directory_text using gin (keys) with (fastupdate = off);

-- Whose registration was undone: only how far, so that what follows can be told from what is lost.
create table directory_withdrawn (
    id uuid primary key,
    version bigint not null
);
