"""Whose customers are: the first version, empty, answers; the projector fills it from the topic."""

from importlib.resources import files

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Define the read model and make its first version."""
    ddl = (files("services.permissions.storage.sql") / "customer_owners.sql").read_text()
    define = "insert into projection_definitions (projection, ddl) values ('customer_owners', $1)"
    op.get_bind().exec_driver_sql(define, (ddl,))
    op.execute("select make_projection_version('customer_owners', 'the first')")
    op.execute("select swap_projection_version('customer_owners', 1, false)")
