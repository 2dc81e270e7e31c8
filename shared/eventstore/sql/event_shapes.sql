-- Every (type, schema version) that an event was ever stored in, so that a start knows them without
-- reading the events. Whoever appends puts a shape here, committed, before its first event of it:
-- a shape may stand here of which there is no event, never the other way round.
create table event_shapes (
    type text collate "C" not null,
    schema_version smallint not null,
    primary key (type, schema_version)
);
insert into event_shapes select distinct e.type, e.schema_version from events e;
