"""A service's databases are made, migrated and checked in one way, whoever asks for it."""

import asyncio

from cli.local import environment
from cli.local.paths import Place
from cli.local.postgres import HOLDS_EVENTS, servers
from cli.local.supervisor import Supervisor
from shared.postgres.bootstrap import prepare_database
from shared.projecting.store_check import StoreReport
from shared.service.check import check_store
from shared.service.service import Service
from shared.settings import SecuritySettings, StoreSettings


async def prepare_stores(place: Place, supervisor: Supervisor, service: Service) -> None:
    """Make the databases and roles that are missing, and migrate every database.

    Raises:
        UnavailableError: a migration failed.
    """
    await asyncio.gather(
        *(
            prepare_database(each.admin_dsn, service.name, holds_events=each.kind == HOLDS_EVENTS)
            for each in servers(place)
        )
    )
    await supervisor.run_once(
        f"{service.name}-migrate",
        environment.python(f"services.{service.name}", "migrate"),
        environment.of_service(service.name, place),
    )


async def check_stores(place: Place, service: Service) -> tuple[StoreReport, int]:
    """Find out whether the store went back in time, mend it, return that and the epoch.

    Raises:
        UnavailableError: a server does not answer.
    """
    return await check_store(service, store_settings(place, service))


def store_settings(place: Place, service: Service) -> StoreSettings:
    """Return where the databases of a service are on this machine."""
    dsn = {f"{server.kind}_dsn": server.service_dsn(service.name) for server in servers(place)}
    return StoreSettings(
        truth_dsn=dsn["truth_dsn"], views_dsn=dsn["views_dsn"], keys_dsn=dsn["keys_dsn"]
    )


def security_settings(place: Place, service: Service) -> SecuritySettings:
    """Return where the secrets of a service are on this machine."""
    return SecuritySettings(
        secrets_dir=place.secrets_of(service.name), ledger_dir=place.ledger_of(service.name)
    )
