"""python -m services.customers api|relay|projector|all|migrate: wiring, and nothing else."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Literal, cast, get_args
from uuid import uuid4

import asyncpg
import httpx
import uvloop
from sqlalchemy.ext.asyncio import create_async_engine

from services.customers.api.app import ApiParts, customers_api
from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory import Directory
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.storage.codec import CODEC
from shared.authorization.decisions import TableDecisions
from shared.authorization.people import DEMO_PEOPLE
from shared.clock import SystemClock
from shared.errors import DaybookError, UnavailableError
from shared.eventstore.feed import Feed
from shared.eventstore.store import EventStore
from shared.messaging.headers import source_of
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topics import CUSTOMERS
from shared.observability.exporting import close_tracing, configure_tracing
from shared.observability.logs import configure_logging, log_lost_failures
from shared.observability.traces import Tracing
from shared.postgres.dsn import dsn_for, sqlalchemy_url
from shared.postgres.lanes import Lanes
from shared.postgres.migrating import migrate
from shared.projecting.canary import CanaryKeeper
from shared.projecting.marks import Followed
from shared.projecting.runner import ProjectionRunner
from shared.projecting.watching import MarkWatcher
from shared.security.cipher_cache import CipherCache
from shared.security.master_key import FileMasterKey, read_key_file
from shared.security.subject_keys import SubjectKeys
from shared.security.tokens import TokenVerifier
from shared.settings import (
    KafkaSettings,
    ObservabilitySettings,
    SecuritySettings,
    ServiceSettings,
    StoreSettings,
)
from shared.web.callers import Guard
from shared.web.health import FINE, Canary, Readiness, RelayReport
from shared.web.serving import listen, serve

SERVICE = "customers"
Role = Literal["api", "relay", "projector", "all", "migrate"]
FOLLOWED = Followed(DIRECTORY, source_of(SERVICE), CUSTOMERS.name, CUSTOMERS.partitions)
WORK_WITHIN_SECONDS = 2.0
ONE_CUSTOMER = "select count(*) from (select from directory limit 1) d"
ONE_KEY = "select count(*) from (select from subject_keys limit 1) k"
OPEN_AGAIN_SECONDS = 0.5

log = logging.getLogger(__name__)


class Process:
    """One process of the customers service: settings, what it opens, what it runs."""

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
        self._opened = AsyncExitStack()

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
                self._opened.push_async_callback(lanes.close)
                break
        return lanes

    async def run(self) -> None:
        """Open what the role needs, run it until told to stop, close everything."""
        loop = asyncio.get_running_loop()
        log_lost_failures(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        async with self._opened:
            if self.role in {"relay", "all"}:
                await self._add_relay()
            if self.role in {"projector", "all"}:
                await self._add_projector()
            if self.role in {"api", "all"}:
                await self._add_api()
            log.info("started")
            async with asyncio.TaskGroup() as group:
                for run in self.runs:
                    group.create_task(run(self.stop))  # type: ignore[arg-type]
        log.info("stopped")

    async def _add_relay(self) -> None:
        truth = await self.lanes(self.stores.truth_dsn, "relay", 2)
        outbox = Outbox(truth, CUSTOMERS.name, CUSTOMERS.partitions, uuid4())
        self.relay = Relay(
            outbox, self.kafka, CUSTOMERS, SERVICE, self.clock, self.tracing, wake=self.appended
        )
        self.runs.append(self.relay.run)

    async def _add_projector(self) -> None:
        views = await self.lanes(self.stores.views_dsn, "projector", 2)
        keys = SubjectKeys(await self.lanes(self.stores.keys_dsn, "projector", 1), self.master)
        runner = ProjectionRunner(
            Directory(),
            FOLLOWED,
            views,
            CODEC,
            CipherCache(keys, self.clock),
            self.kafka,
            self.clock,
            self.tracing,
        )
        self.runs.append(runner.run)

    async def _add_api(self) -> None:
        truth = await self.lanes(self.stores.truth_dsn, "api", self.stores.append_lanes)
        views = await self.lanes(self.stores.views_dsn, "api", 3)
        key_lanes = await self.lanes(self.stores.keys_dsn, "api", 4)
        engine = create_async_engine(
            sqlalchemy_url(dsn_for(self.stores.views_dsn, "api")), pool_pre_ping=True
        )
        self._opened.push_async_callback(engine.dispose)
        http = await self._opened.enter_async_context(httpx.AsyncClient(timeout=2, trust_env=False))
        verifier = TokenVerifier(
            issuer=self.security.issuer,
            audience=self.security.audience,
            http=http,
            clock=self.clock,
        )
        store = EventStore(truth, SERVICE, CUSTOMERS.partitions)
        await store.refuse_unreadable(CODEC)
        watcher = MarkWatcher(views, FOLLOWED, SERVICE)
        parts = ApiParts(
            store=store,
            feed=Feed(truth, CUSTOMERS.name),
            truth=truth,
            views=views,
            directory=DirectoryQueries(engine),
            keys=SubjectKeys(key_lanes, self.master),
            watcher=watcher,
            guard=Guard(verifier, TableDecisions()),
            tracing=self.tracing,
            clock=self.clock,
            service_key=read_key_file(self.security.secrets_dir / "service.key"),
            appended=self.appended,
            stopping=self.stop,
        )
        canary = CanaryKeeper(
            store,
            CODEC,
            watcher,
            self.clock,
            self.tracing,
            actor=DEMO_PEOPLE[SERVICE].subject,
            period_seconds=self.service.canary_seconds,
            wake=self.appended,
        )
        app = customers_api(parts, lambda: self._readiness(parts, key_lanes, canary), canary)
        listener = listen(self.service.host, self.service.port)
        self.runs += [
            watcher.run,
            canary.run,
            lambda stop: serve(app, listener, stopping=stop),
        ]

    async def _readiness(
        self, parts: ApiParts, key_lanes: Lanes, canary: CanaryKeeper
    ) -> Readiness:
        """Do a little of the api's work on each server and say what worked."""
        checks = {
            "event store": await _works(parts.truth.fetchval("select epoch from store")),
            "read models": await _works(parts.views.fetchval(ONE_CUSTOMER)),
            "subject keys": await _works(key_lanes.fetchval(ONE_KEY)),
        }
        return Readiness.of(self.role, checks, self._canary(canary), self._relay_report())

    def _canary(self, canary: CanaryKeeper) -> Canary | None:
        trip = canary.last
        if trip is None:
            return None
        age = self.clock.monotonic() - trip.arrived_at
        return Canary(
            age_seconds=round(age, 1), trip_ms=round(trip.trip_ms, 1), event_id=trip.event_id
        )

    def _relay_report(self) -> RelayReport | None:
        if self.relay is None:
            return None
        status = self.relay.status
        return RelayReport(
            partitions_led=status.partitions_led,
            events_sent=status.events_sent,
            refilled_events=status.refill_events,
            refill_seconds=status.refill_seconds,
        )


async def _works(work: Awaitable[object]) -> str:
    """Say ok, or in one word why not."""
    try:
        await asyncio.wait_for(work, WORK_WITHIN_SECONDS)
    except DaybookError as error:
        return error.detail
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return type(error).__name__
    return FINE


def _migrate() -> None:
    """Bring the three databases of the service to the newest version."""
    stores = StoreSettings()
    owner = f"{SERVICE}_owner"
    migrate(dsn_for(stores.truth_dsn, "migrate"), "shared.eventstore.migrations", owner)
    migrate(dsn_for(stores.keys_dsn, "migrate"), "shared.security.migrations", owner)
    views = dsn_for(stores.views_dsn, "migrate")
    migrate(views, "shared.projecting.migrations", owner)
    migrate(views, "services.customers.storage.migrations", owner)


def main() -> None:
    """Run the role named on the command line."""
    roles = get_args(Role)
    if len(sys.argv) != 2 or sys.argv[1] not in roles:  # noqa: PLR2004 - program and role
        sys.exit(f"usage: python -m services.{SERVICE} {'|'.join(roles)}")
    role = cast("Role", sys.argv[1])
    observability = ObservabilitySettings()
    configure_logging(observability, service=SERVICE, role=role)
    if role == "migrate":
        _migrate()
        return
    tracing = configure_tracing(observability, SERVICE, role)
    try:
        uvloop.run(_run(role, tracing))
    finally:
        close_tracing(tracing)


async def _run(role: Role, tracing: Tracing) -> None:
    await Process(role, tracing).run()


if __name__ == "__main__":
    main()
