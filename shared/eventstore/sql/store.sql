-- One row: which life of the store this is. The epoch rises when the store went back in time
-- (a restore); it is part of every token, header, mark and checkpoint.
create table store (
    only_row boolean primary key default true check (only_row),
    service text not null,
    epoch integer not null default 1 check (epoch > 0)
);
