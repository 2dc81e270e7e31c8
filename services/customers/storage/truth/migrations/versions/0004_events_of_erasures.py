"""Whether a customer can be erased is read without reading all that ever happened to it."""

from shared.postgres.migrating import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the index; few events are in it, so that an append pays nothing for it."""
    run_sql("""
        create index events_of_erasures on events (stream, version) where type in (
            'LegalHoldPlaced', 'LegalHoldReleased', 'CustomerErasureStarted', 'CustomerErased')
    """)
