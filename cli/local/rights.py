"""A new Daybook is set up once: its default policy, and the people who can sign in to it."""

import asyncpg

from cli.local import environment
from cli.local.paths import PROJECT, Place
from cli.local.postgres import servers
from cli.local.supervisor import Supervisor
from services.permissions.roles.service import SERVICE
from shared.errors import UnavailableError

PEOPLE = PROJECT / "demo" / "people.yaml"
"""Their ids are those that the local issuer puts into tokens."""
IS_SET_UP = "select exists (select from events where stream = 'policy')"


async def is_set_up(place: Place) -> bool:
    """Say whether there is a policy.

    Raises:
        UnavailableError: the store does not answer.
    """
    dsn = servers(place)[0].admin_dsn
    try:
        connection = await asyncpg.connect(dsn, database=SERVICE.name)
        try:
            return bool(await connection.fetchval(IS_SET_UP))
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UnavailableError(
            f"The store of permissions does not answer ({type(error).__name__}).",
            fix="daybook logs truth",
        ) from error


async def set_up(place: Place, supervisor: Supervisor) -> None:
    """Apply the default policy and the people of the demo.

    Raises:
        UnavailableError: it could not be done; the log says why.
    """
    await supervisor.run_once(
        f"{SERVICE.name}-bootstrap",
        environment.python(f"services.{SERVICE.name}", "bootstrap"),
        {
            **environment.of_service(SERVICE.name, place),
            "DAYBOOK_BOOTSTRAP_PEOPLE": str(PEOPLE),
        },
    )
