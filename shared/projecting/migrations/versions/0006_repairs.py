"""Repairs are counted at the marks, so that no batch writes over one what it read before."""

from shared.postgres.migrating import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the count."""
    run_sql("alter table projection_marks add column repairs integer not null default 0")
