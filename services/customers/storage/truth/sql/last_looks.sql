-- Which version of a customer each person saw last, because they said so. Opaque ids and a number,
-- nothing of the customer; gone with the customer all the same when it is erased.
create table last_looks (
    person text collate "C" not null,
    customer_id uuid not null,
    version bigint not null check (version > 0),
    looked_at timestamptz not null,
    primary key (person, customer_id)
);
create index last_looks_at on last_looks (customer_id);
