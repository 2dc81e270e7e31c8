"""One DSN per server, with user and password filled in by role, so that rights follow the role."""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from shared.errors import DaybookError

ROLES = ("api", "relay", "projector", "worker")
PASSWORD_FILE = "passwordfile"  # noqa: S105 - the name of a parameter


def dsn_for(template: str, role: str) -> str:
    """Return the DSN for one role; the template holds `{role}` in its user name.

    Raises:
        DaybookError: the template names no role, so every role would share one user's rights; or
            its password file cannot be read.
    """
    if "{role}" not in template:
        raise DaybookError(
            "a DSN without the placeholder {role} would give every role the same rights",
            code="dsn-without-role",
            fix="write it like postgresql://customers_{role}@host/customers",
        )
    return with_password(template.replace("{role}", role))


def with_password(dsn: str) -> str:
    """Return the DSN with the password that the file in its parameter `passwordfile` holds.

    libpq's own PGPASSFILE must be readable by its owner alone, which a secret that an orchestrator
    mounts is not; and it holds the passwords of all roles, where a process needs one.

    Raises:
        DaybookError: the file cannot be read.
    """
    parts = urlsplit(dsn)
    given = dict(parse_qsl(parts.query))
    if (file := given.pop(PASSWORD_FILE, None)) is None:
        return dsn
    given["password"] = _read_password(Path(file))
    return urlunsplit(parts._replace(query=urlencode(given)))


def password_of(dsn: str) -> str | None:
    """Return the password of a DSN that `dsn_for` made; None if it needs none."""
    return dict(parse_qsl(urlsplit(dsn).query)).get("password")


def _read_password(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise DaybookError(
            f"the password file {path.name} cannot be read ({error.strerror})",
            code="secret-missing",
            fix=f"put the password of that database user into {path}, readable for the service",
            who_can_help="an operator",
        ) from error
