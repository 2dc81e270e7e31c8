"""The daily figures of activity: their first version, empty, is the one that answers."""

from importlib.resources import files

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Define the read model and make its first version; the projector fills it from the topic."""
    ddl = (files("services.customers.storage.sql") / "activity_daily.sql").read_text()
    define = "insert into projection_definitions (projection, ddl) values ('activity_daily', $1)"
    op.get_bind().exec_driver_sql(define, (ddl,))
    op.execute("select make_projection_version('activity_daily', 'the first')")
    op.execute("select swap_projection_version('activity_daily', 1, false)")
