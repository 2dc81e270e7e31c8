"""One process of a service: its settings, what it opened, and what it runs."""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from uuid import uuid4

from shared.clock import SystemClock
from shared.errors import UnavailableError
from shared.observability.logs import log_lost_failures
from shared.observability.metrics import Metrics
from shared.observability.traces import Tracing
from shared.parts import run_part
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.security.master_key import MasterKey, MasterKeyFiles
from shared.service.readiness import ProcessReadiness
from shared.service.service import Service
from shared.settings import (
    KafkaSettings,
    ObservabilitySettings,
    SecuritySettings,
    ServiceSettings,
    StoreSettings,
)
from shared.web.operations import listen_for_operators, serve_operators

OPEN_AGAIN_SECONDS = 0.5

log = logging.getLogger(__name__)


class Process:
    """What the roles of one process share; each role adds what it `runs`."""

    def __init__(self, service: Service, role: str, tracing: Tracing) -> None:
        self.service = service
        self.role = role
        self.tracing = tracing
        self.name = f"{service.name}/{role}/{uuid4().hex[:8]}"
        """Its own, of no machine and no person: what records call it."""
        self.metrics = Metrics(service.name, role, service.version)
        self.clock = SystemClock()
        self.stop = asyncio.Event()
        self.appended = asyncio.Event()
        self.stores = StoreSettings()
        self.kafka = KafkaSettings()
        self.security = SecuritySettings()
        self.settings = ServiceSettings()
        self.observability = ObservabilitySettings()
        self.readiness = ProcessReadiness(role, self.clock)
        self.runs: list[Callable[[asyncio.Event], Awaitable[None]]] = []
        self.opened = AsyncExitStack()
        self._lanes: list[tuple[str, Lanes]] = []
        # First in, last out: what closes may still write.
        self.opened.push_async_callback(self._close_lanes)
        self.metrics.found_out_by("connections", self._count_connections)

    @cached_property
    def master(self) -> MasterKey:
        """The master key: read where it is used, so that no other role need have it."""
        return MasterKeyFiles(self.security.secrets_dir)

    async def lanes(
        self,
        template: str,
        role: str,
        size: int,
        settings: Mapping[str, str] | None = None,
        *,
        answer_within: float | None = None,
    ) -> Lanes:
        """Open connections to one server; wait for a server that is still starting.

        Whoever needs them no more may close them; those that are left are closed at the end.
        A statement that got no answer within `answer_within` seconds is given up, with its
        connection.
        """
        lanes = Lanes(
            dsn_for(template, role),
            size,
            application_name=f"{self.service.name}-{role}",
            settings=settings,
            answer_within=answer_within,
        )
        self._lanes = [each for each in self._lanes if not each[1].is_closed]
        self._lanes.append((self._server_of(template), lanes))
        while not self.stop.is_set():
            try:
                await lanes.open()
            except UnavailableError as error:
                log.warning("a server does not answer yet", extra={"problem": error.detail})
                await asyncio.sleep(OPEN_AGAIN_SECONDS)
            else:
                break
        return lanes

    async def _close_lanes(self) -> None:
        for _, lanes in self._lanes:
            await lanes.close()

    async def run(self, *adds: Callable[["Process"], Awaitable[None]]) -> None:
        """Open what the roles need, run them until told to stop, close everything.

        Operators are answered from the first moment: a process that waits for a server lives, and
        says that it is not ready.
        """
        loop = asyncio.get_running_loop()
        log_lost_failures(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_end, number)
        where = self.observability.metrics_host, self.observability.metrics_port
        listener = listen_for_operators(*where)
        operators = loop.create_task(
            serve_operators(self.metrics, self.readiness, listener, self.stop)
        )
        try:
            async with self.opened:
                if await self._is_opened(adds):
                    self.readiness.is_started = True
                    log.info("started")
                    async with asyncio.TaskGroup() as group:
                        for run in self.runs:
                            group.create_task(run_part(run(self.stop)))
        finally:
            self.stop.set()
            await operators
        log.info("stopped")

    def _told_to_end(self, number: signal.Signals) -> None:
        log.info("told to end", extra={"signal": number.name})
        self.stop.set()

    async def _is_opened(self, adds: Sequence[Callable[["Process"], Awaitable[None]]]) -> bool:
        """Open what the roles need; False: told to stop while it waited for some of it."""

        async def open_all() -> None:
            for add in adds:
                await add(self)

        opening = asyncio.create_task(open_all())
        stopping = asyncio.create_task(self.stop.wait())
        await asyncio.wait([opening, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not opening.done():
            opening.cancel()
            await asyncio.wait([opening])
            return False
        opening.result()
        return True

    def _server_of(self, template: str) -> str:
        stores = self.stores
        names = {stores.truth_dsn: "truth", stores.views_dsn: "views", stores.keys_dsn: "keys"}
        return names[template]

    async def _count_connections(self) -> None:
        open_now = Counter({"truth": 0, "views": 0, "keys": 0})
        for server, lanes in self._lanes:
            open_now[server] += lanes.open_connections
        for server, number in open_now.items():
            self.metrics.set("daybook_connections", number, server)
