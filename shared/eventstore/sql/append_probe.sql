-- Walk the whole way of an append, the commit included, and leave nothing behind: the rows are
-- taken back, the transaction is committed, and the server has flushed its log as for any command.
-- One statement, so that a caller who is stopped in between holds nobody up.
create function append_probe(p_stream text) returns void
language plpgsql set search_path = public, pg_temp as $$
begin
    perform append_to_stream(
        null, null, null, null, p_stream, 0, p_stream, 0::smallint, clock_timestamp(), 'probe',
        gen_random_uuid(), null, null, null, gen_random_uuid(), 'AppendProbed', 1::smallint, '',
        null, null, null, null);
    raise exception using errcode = 'DBPRB', message = 'taken back on purpose';
exception when sqlstate 'DBPRB' then
    null;
end $$;
