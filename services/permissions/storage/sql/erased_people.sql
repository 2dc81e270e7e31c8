-- Nothing but the marks is its own: whom it has forgotten stands in `erased_subjects`.
create table erased_people (
    only_row boolean primary key default true check (only_row)
);
