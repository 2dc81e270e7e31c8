-- Whose personal data was erased. Every read model's upsert looks here, so that no version of it
-- and no rebuild ever brings them back, whatever it decoded before the key was gone.
create table erased_subjects (
    subject text collate "C" primary key,
    erased_at timestamptz not null
);
