-- Who is being erased, with the HMACs of the names and addresses by which rows of imports are found,
-- until nothing of the person is left in any import; then the HMACs go too (null).
create table import_erasures (
    subject uuid primary key,
    matches bytea[]
);
