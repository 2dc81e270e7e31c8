-- What a version of a read model could not apply: the stream whose event failed, and every event of
-- that stream since, in order, with its stored bytes (ciphertext). As long as a stream has a row
-- here, its new events go straight to parked_events; the mark of the partition moves on.
create table parked_streams (
    projection text collate "C" not null,
    version integer not null,
    stream text collate "C" not null,
    subject text collate "C" not null,
    -- The event that failed, why (the type of the error, never what it says) and where in the code.
    event_id uuid not null,
    error text not null,
    place text not null,
    attempts integer not null,
    first_failed_at timestamptz not null,
    last_failed_at timestamptz not null,
    primary key (projection, version, stream)
);
create index parked_streams_subject on parked_streams (subject);
create table parked_events (
    projection text collate "C" not null,
    version integer not null,
    stream text collate "C" not null,
    feed_position bigint not null,
    event_id uuid not null,
    type text collate "C" not null,
    stream_version bigint not null,
    envelope jsonb not null,
    data bytea not null,
    primary key (projection, version, stream, feed_position),
    foreign key (projection, version, stream) references parked_streams on delete cascade
);
-- What is parked of a version goes with the version.
create function forget_what_a_dropped_version_parked() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    delete from public.parked_streams s
        where s.projection = new.projection and s.version = new.version;
    return null;
end $$;
create trigger forget_what_a_dropped_version_parked
    after update of state on projection_versions
    for each row when (new.state = 'dropped')
    execute function forget_what_a_dropped_version_parked();
