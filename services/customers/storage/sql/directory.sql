-- The directory answers "which customers are there, and which match this text": one row per
-- customer, as of `version`. Erased customers keep their row, without name and addresses.
create table directory (
    id uuid primary key,
    kind text not null,
    name text,
    emails jsonb not null,
    version bigint not null,
    is_erased boolean not null,
    registered_at timestamptz not null,
    changed_at timestamptz not null,
    -- Folded for sorting and searching; empty once erased.
    sort_name text collate "C" not null,
    search text collate "C" not null
) with (fillfactor = 80);
create index directory_by_name on directory (sort_name, id);
