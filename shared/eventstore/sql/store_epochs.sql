-- A store knows which server it lives on (the cluster's identifier and timeline): if it finds itself
-- on another one it was restored, and nobody may take it for what it was.
create function this_server(out system_identifier bigint, out timeline integer)
language sql stable as $$
    -- The timeline of the log that is written now; the control file's is that of its last checkpoint.
    select c.system_identifier,
        ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer
    from pg_control_system() c
$$;
alter table store add column system_identifier bigint, add column timeline integer;
update store set (system_identifier, timeline) =
    (select t.system_identifier, t.timeline from this_server() t);
alter table store alter column system_identifier set not null, alter column timeline set not null;
-- One row per life of the store, with the reason why it began.
create table store_epochs (
    epoch integer primary key,
    began_at timestamptz not null default clock_timestamp(),
    reason text not null
);
insert into store_epochs (epoch, reason) select s.epoch, 'the store is this old' from store s;
