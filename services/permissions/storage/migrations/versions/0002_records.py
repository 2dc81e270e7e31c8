"""What rights were used for, by the records of each service; and whom that has to forget."""

from importlib.resources import files

from alembic import op

from services.permissions.projections.of_records import USAGE, ddl_of, name_of

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Define each read model and make its first version; the projector fills it from the topic."""
    erased_people = files("services.permissions.storage.sql") / "erased_people.sql"
    _make("erased_people", erased_people.read_text())
    for source in ("customers", "permissions"):
        _make(name_of(USAGE, source), ddl_of(USAGE, source))


def _make(name: str, ddl: str) -> None:
    define = "insert into projection_definitions (projection, ddl) values ($1, $2)"
    op.get_bind().exec_driver_sql(define, (name, ddl))
    op.execute(f"select make_projection_version('{name}', 'the first')")
    op.execute(f"select swap_projection_version('{name}', 1, false)")
