"""One DSN per server, with the database user filled in by role, so that rights follow the role."""

from shared.errors import DaybookError

ROLES = ("api", "relay", "projector")


def dsn_for(template: str, role: str) -> str:
    """Return the DSN for one role; the template holds `{role}` in its user name.

    Raises:
        DaybookError: the template names no role, so every role would share one user's rights.
    """
    if "{role}" not in template:
        raise DaybookError(
            "a DSN without the placeholder {role} would give every role the same rights",
            code="dsn-without-role",
            fix="write it like postgresql://customers_{role}@host/customers",
        )
    return template.replace("{role}", role)


def sqlalchemy_url(dsn: str) -> str:
    """Return the same DSN as SQLAlchemy wants it."""
    return dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
