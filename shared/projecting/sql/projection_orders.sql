-- What operators ordered of a read model, and what became of it. The api places, the projector does.
-- Whoever does one holds it by a lease (this server's clock) and renews it; an order whose doer died
-- is taken again. One of a kind is under way at a time; the argument holds ids, never data.
create table projection_orders (
    id uuid primary key,
    projection text collate "C" not null,
    kind text collate "C" not null,
    argument jsonb not null,
    ordered_by text collate "C" not null,
    ordered_at timestamptz not null,
    state text collate "C" not null default 'waiting'
        check (state in ('waiting', 'running', 'done', 'failed')),
    owner uuid,
    lease_until timestamptz,
    progress jsonb,
    result jsonb,
    error text,
    fix text,
    ended_at timestamptz
);
create unique index projection_orders_running on projection_orders (projection, kind)
    where state = 'running';
create index projection_orders_latest on projection_orders (projection, ordered_at);
