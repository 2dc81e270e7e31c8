-- Which erasure ledger belongs to these keys. The ledger itself is a file elsewhere; were its folder
-- empty, nothing else would tell that there was one.
create table erasure_ledger (
    is_the_one boolean primary key default true check (is_the_one),
    id uuid not null,
    known_since timestamptz not null default now()
);
