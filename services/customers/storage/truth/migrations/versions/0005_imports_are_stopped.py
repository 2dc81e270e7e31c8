"""An import can end as stopped: whoever handed it in may not import any more."""

from shared.postgres.migrating import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Allow the state."""
    run_sql("""
        alter table imports drop constraint imports_state_check;
        alter table imports add constraint imports_state_check check (state in (
            'uploading', 'waiting', 'running', 'done', 'failed', 'stopped', 'cancelled'))
    """)
