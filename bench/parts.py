"""The product's parts stand here wired as the service wires them, with nothing special-cased."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

from bench.ground import Databases, Ground
from cli.local.machine import SERVICE
from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory import Directory
from services.customers.storage.codec import CODEC
from shared.clock import SystemClock
from shared.eventstore.store import EventStore
from shared.messaging.headers import source_of
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topics import CUSTOMERS, Topic
from shared.observability.exporting import close_tracing, configure_tracing
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.marks import Followed
from shared.projecting.runner import ProjectionRunner
from shared.projecting.versions import settings_of
from shared.projecting.watching import MarkWatcher
from shared.security.cipher_cache import CipherCache
from shared.security.master_key import MasterKeyFiles
from shared.security.subject_keys import SubjectKeys
from shared.settings import ObservabilitySettings

APPEND_LANES = 8
LOOK_SECONDS = 0.002
WITHIN_SECONDS = 60.0


class Parts:
    """One customers service in this process, on databases and a topic of its own."""

    partitions = CUSTOMERS.partitions

    def __init__(self, ground: Ground, databases: Databases, opened: AsyncExitStack) -> None:
        self.databases = databases
        self.place = ground.place
        self.clock = SystemClock()
        self.topic = Topic(f"bench-{uuid4()}", self.partitions)
        self.followed = Followed(DIRECTORY, source_of(SERVICE), self.topic.name, self.partitions)
        self.appended = asyncio.Event()
        self.tracing = configure_tracing(
            ObservabilitySettings(trace_share=0.05, trace_file=ground.place.logs / "traces.jsonl"),
            SERVICE,
            "all",
        )
        opened.callback(close_tracing, self.tracing)
        self.kafka = ground.kafka
        self._master = MasterKeyFiles(ground.place.secrets)
        self._opened = opened

    async def lanes(
        self, dsn: str, role: str, size: int, settings: Mapping[str, str] | None = None
    ) -> Lanes:
        """Open connections that are closed with the parts."""
        its = dsn_for(dsn, role)
        lanes = Lanes(its, size, application_name=f"bench-{role}", settings=settings)
        await lanes.open()
        self._opened.push_async_callback(lanes.close)
        return lanes

    async def store(self) -> EventStore:
        """Return the event store as the api has it."""
        lanes = await self.lanes(self.databases.truth, "api", APPEND_LANES)
        return EventStore(lanes, SERVICE, self.partitions)

    async def keys(self, role: str = "api", size: int = 4) -> SubjectKeys:
        """Return the subject keys as the api has them."""
        return SubjectKeys(await self.lanes(self.databases.keys, role, size), self._master)

    async def relay(self, topic: Topic | None = None) -> Relay:
        """Return a relay of the topic, or of another, not running."""
        to = topic or self.topic
        lanes = await self.lanes(self.databases.truth, "relay", 2)
        outbox = Outbox(lanes, to.name, to.partitions, uuid4())
        return Relay(outbox, self.kafka, to, SERVICE, self.clock, self.tracing, wake=self.appended)

    async def runner(self, views_dsn: str | None = None) -> ProjectionRunner:
        """Return a runner of the directory, in these views or its own; not running."""
        its_tables = settings_of(DIRECTORY, self.followed.version)
        dsn = views_dsn or self.databases.views
        views = await self.lanes(dsn, "projector", 2, its_tables)
        ciphers = CipherCache(await self.keys("projector", 1), self.clock)
        return ProjectionRunner(
            Directory(), self.followed, views, CODEC, ciphers, self.kafka, self.clock, self.tracing
        )

    async def watcher(self) -> MarkWatcher:
        """Return the api's watcher of the directory, not running."""
        return MarkWatcher(await self.lanes(self.databases.views, "api", 3), self.followed, SERVICE)


@asynccontextmanager
async def parts(ground: Ground) -> AsyncIterator[Parts]:
    """Wire a service on fresh databases and a fresh topic; close everything at the end."""
    async with AsyncExitStack() as opened:
        yield Parts(ground, await ground.databases(), opened)


@asynccontextmanager
async def running(
    *runs: Callable[[asyncio.Event], Coroutine[None, None, None]],
) -> AsyncIterator[None]:
    """Keep the relay, the runner, the watcher going meanwhile; what fails in them fails here."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for run in runs:
            group.create_task(run(stop))
        try:
            yield
        finally:
            stop.set()


async def until(condition: Callable[[], bool], within: float = WITHIN_SECONDS) -> None:
    """Return as soon as it is so; looks every two milliseconds, for a minute unless told."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - nothing there can be waited for
            await asyncio.sleep(LOOK_SECONDS)
