"""A version says of which shape its tables are: a process leaves alone what it cannot write."""

from shared.postgres.migrating import run_sql, run_sql_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Every version that is there is of the first shape."""
    run_sql("""
        alter table projection_definitions add column shape integer not null default 1;
        alter table projection_versions add column shape integer not null default 1;
    """)
    run_sql_file("shared.projecting.sql", "make_shaped_version.sql")
