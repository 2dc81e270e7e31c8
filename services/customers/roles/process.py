"""One process of the customers service: its settings, what it opened, and what it runs."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, Literal

from services.customers.projections.directory import NAME as DIRECTORY
from shared.clock import SystemClock
from shared.errors import UnavailableError
from shared.messaging.headers import source_of
from shared.messaging.relay import Relay
from shared.messaging.topics import CUSTOMERS
from shared.observability.logs import log_lost_failures
from shared.observability.traces import Tracing
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.marks import Followed
from shared.security.master_key import FileMasterKey
from shared.settings import KafkaSettings, SecuritySettings, ServiceSettings, StoreSettings

SERVICE: Final = "customers"
Role = Literal["api", "relay", "projector", "all", "migrate"]
FOLLOWED = Followed(DIRECTORY, source_of(SERVICE), CUSTOMERS.name, CUSTOMERS.partitions)
OPEN_AGAIN_SECONDS = 0.5

log = logging.getLogger(__name__)


class Process:
    """What the roles of one process share; each role adds what it `runs`."""

    def __init__(self, role: Role, tracing: Tracing) -> None:
        self.role = role
        self.tracing = tracing
        self.clock = SystemClock()
        self.stop = asyncio.Event()
        self.appended = asyncio.Event()
        self.stores = StoreSettings()
        self.kafka = KafkaSettings()
        self.security = SecuritySettings()
        self.service = ServiceSettings()
        self.master = FileMasterKey.read(self.security.secrets_dir / "master.key")
        self.relay: Relay | None = None
        self.runs: list[Callable[[asyncio.Event], Awaitable[None]]] = []
        self.opened = AsyncExitStack()

    async def lanes(self, template: str, role: str, size: int) -> Lanes:
        """Open connections to one server; wait for a server that is still starting."""
        name = f"{SERVICE}-{role}"
        lanes = Lanes(dsn_for(template, role), size, application_name=name)
        while not self.stop.is_set():
            try:
                await lanes.open()
            except UnavailableError as error:
                log.warning("a server does not answer yet", extra={"problem": error.detail})
                await asyncio.sleep(OPEN_AGAIN_SECONDS)
            else:
                self.opened.push_async_callback(lanes.close)
                break
        return lanes

    async def run(self, *adds: Callable[["Process"], Awaitable[None]]) -> None:
        """Open what the roles need, run them until told to stop, close everything."""
        loop = asyncio.get_running_loop()
        log_lost_failures(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        async with self.opened:
            for add in adds:
                await add(self)
            log.info("started")
            async with asyncio.TaskGroup() as group:
                for run in self.runs:
                    group.create_task(run(self.stop))  # type: ignore[arg-type]
        log.info("stopped")
