-- One row per import, and per undoing of one: whose it is, how far it is, what became of its rows.
-- What may name a person (file name, mapping) lies sealed in `about`, with the import's own key,
-- as everything of the file does. `reached` are the bytes read; of an undoing, the last row's number.
-- A worker owns it until `lease_until`, by this server's clock.
create table imports (
    id uuid primary key,
    actor text not null,
    made_at timestamptz not null,
    is_dry_run boolean not null,
    undoes uuid unique references imports (id),
    kid text collate "C" not null,
    about bytea not null,
    state text not null check (
        state in ('uploading', 'waiting', 'running', 'done', 'failed', 'cancelled')),
    owner uuid,
    lease_until timestamptz not null default '-infinity',
    bytes bigint not null default 0,
    reached bigint not null default 0,
    chunks integer not null default 0,
    rows bigint not null default 0,
    created bigint not null default 0,
    changed bigint not null default 0,
    unchanged bigint not null default 0,
    refused bigint not null default 0,
    kept bigint not null default 0,
    idempotency_key bytea unique,
    body_mac bytea,
    touched_at timestamptz not null,
    finished_at timestamptz,
    emptied_at timestamptz
) with (fillfactor = 50);
create index imports_by_time on imports (made_at, id);
create index imports_open on imports (made_at) where emptied_at is null;

-- The file in pieces, sealed; gone when the import has ended.
create table import_chunks (
    import_id uuid not null references imports (id),
    number integer not null,
    sealed bytea not null,
    primary key (import_id, number)
);
alter table import_chunks alter column sealed set storage external;

-- Which row made or changed whom, so that it can be undone: ids and versions, nothing personal.
create table import_rows (
    import_id uuid not null,
    number bigint not null,
    customer_id uuid not null,
    version_before bigint not null,
    version_after bigint not null,
    primary key (import_id, number)
);
create index import_rows_of_customer on import_rows (customer_id);

-- What there is to tell of a row: refused, kept (a cell that fits nowhere), left (touched since the
-- import that is undone), shown (the preview of a dry run). Sealed with the import's key. `matches`
-- are HMACs of the names, addresses and numbers in it, by which an erasure finds it.
create table import_notes (
    import_id uuid not null references imports (id),
    number bigint not null,
    place smallint not null,
    what text not null,
    sealed bytea not null,
    matches bytea[] not null,
    primary key (import_id, number, place)
);
create index import_notes_by_match on import_notes using gin (matches);

-- By which a row is known again: an HMAC of its key in its source, or of the row itself (then `nth`
-- counts rows of one file that say the same). `content` is an HMAC of the row when it was last
-- imported, null once that was undone; `import_id` names that import.
create table import_keys (
    key bytea not null,
    nth integer not null,
    customer_id uuid not null,
    content bytea,
    import_id uuid not null,
    primary key (key, nth)
) with (fillfactor = 80);
create index import_keys_of_customer on import_keys (customer_id);
