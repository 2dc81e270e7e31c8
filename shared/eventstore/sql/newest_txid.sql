-- The highest transaction id of the log. A server that has not come so far has not written it.
create function newest_txid() returns xid8 language sql stable as $$
    select coalesce((
        select n.txid
        from generate_series(0, greatest((select max(e.partition) from events e),
            (select max(r.partition) from records r))) as p,
        lateral (
            (select e.txid from events e where e.partition = p order by e.txid desc limit 1)
            union all
            (select r.txid from records r where r.partition = p order by r.txid desc limit 1)
        ) n
        order by n.txid desc limit 1), '0'::xid8)
$$;
