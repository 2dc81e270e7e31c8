-- The head of every stream: its version rises by compare-and-set, its last_txid only ever grows,
-- so that within a stream the order by (txid, position) is the order by version.
create table streams (
    stream text collate "C" primary key,
    version bigint not null,
    last_txid xid8 not null,
    recorded_at timestamptz not null
) with (fillfactor = 80);
