"""A whole Daybook for one row: its own servers and broker, every process that decides, its people.

The processes are those of `daybook up`, without the two that only watch and count.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.ground import Ground, ground
from cli.local.keyfiles import make_service_keys
from cli.local.machine import service_program, worker_program
from cli.local.program import Tier
from cli.local.rights import set_up
from cli.local.services import SERVICES, service_named
from cli.local.stores import prepare_stores

DECIDING = ("customers/all", "customers/worker", "permissions/all")
"""Each of these keeps all permissions in a memory of its own."""


@asynccontextmanager
async def whole_daybook() -> AsyncIterator[Ground]:
    """Keep it running for as long as the body of the `async with`."""
    async with ground() as here:
        for service in SERVICES:
            make_service_keys(here.place.secrets_of(service.name))
        await prepare_stores(here.place, here.supervisor, service_named("permissions"))
        await set_up(here.place, here.supervisor)
        services = [service_program(here.place, service.name) for service in SERVICES]
        await here.supervisor.start(*services, worker_program(here.place))
        try:
            yield here
        finally:
            await here.supervisor.stop(Tier.SERVICES)
