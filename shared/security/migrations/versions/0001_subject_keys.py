"""The key database: subject keys, made and destroyed by the api, read by the projector."""

from alembic import context

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table; nobody deletes a row, the projector only reads."""
    service = context.config.attributes["owner"].removesuffix("_owner")
    run_sql_file("shared.security.sql", "subject_keys.sql")
    run_sql(f"""
        revoke create on schema public from public;
        grant select, insert, update (wrapped, destroyed_at) on subject_keys to "{service}_api";
        grant select on subject_keys to "{service}_projector";
    """)
