"""Who left, by the records of each service: one more read model of them."""

from alembic import op

from services.permissions.projections.of_records import LEAVINGS, ddl_of, name_of

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Define each read model and make its first version; the projector fills it from the topic."""
    for source in ("customers", "permissions"):
        name = name_of(LEAVINGS, source)
        define = "insert into projection_definitions (projection, ddl) values ($1, $2)"
        op.get_bind().exec_driver_sql(define, (name, ddl_of(LEAVINGS, source)))
        op.execute(f"select make_projection_version('{name}', 'the first')")
        op.execute(f"select swap_projection_version('{name}', 1, false)")
