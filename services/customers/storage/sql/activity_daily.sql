-- How many events of each type were recorded on each day (UTC), canaries left out: the exact figures,
-- because the projection's marks move in the transaction that adds to them.
create table activity_daily (
    day date not null,
    event_type text collate "C" not null,
    count bigint not null check (count > 0),
    primary key (day, event_type)
) with (fillfactor = 50);
