-- The store went back in time, or may have: its next life begins. Everything is published anew from
-- feed position 1, and whoever follows starts over. Nothing happens and null is returned unless the
-- store is still in the life p_epoch, so that two who notice begin one. p_at_least: a higher life of
-- ours that somebody has seen.
create function begin_next_epoch(p_epoch integer, p_at_least integer, p_reason text)
returns integer language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_epoch integer;
begin
    update store s set epoch = greatest(s.epoch + 1, p_at_least),
        (system_identifier, timeline) =
            (select t.system_identifier, t.timeline from this_server() t)
    where s.epoch = p_epoch returning s.epoch into v_epoch;
    if not found then
        return null;
    end if;
    insert into store_epochs (epoch, reason) values (v_epoch, p_reason);
    delete from feed_index;
    delete from relay_rounds;
    update relay_checkpoints set epoch = v_epoch, txid = '0', position = 0, feed_position = 0,
        kafka_offset = null;
    return v_epoch;
end $$;
