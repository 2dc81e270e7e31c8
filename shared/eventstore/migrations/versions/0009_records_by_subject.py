"""What is recorded of one person is found without reading what is recorded of all others."""

from shared.postgres.migrating import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the index."""
    run_sql("create index records_by_subject on records (subject, txid, position)")
