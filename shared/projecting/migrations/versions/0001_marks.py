"""Marks and batches: moved by the projector, read by the api."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables that every projection needs."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.projecting.sql", "projection_marks.sql")
    run_sql(f"""
        revoke create on schema public from public;
        grant select on projection_marks, projection_batches to "{service}_api";
        grant select, insert, update on projection_marks to "{service}_projector";
        grant select, insert, delete on projection_batches to "{service}_projector";
    """)
