"""The whole customers service stands in the test's own process, on databases of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import asyncpg
import httpx
from opentelemetry.sdk.trace import ReadableSpan

from services.customers.api.app import ApiParts, customers_api
from services.customers.application.customer import CustomerCommands
from services.customers.application.erasing import CustomerErasures
from services.customers.application.holding import CopyHolders
from services.customers.application.importing.copies import ImportCopies
from services.customers.application.loading import CustomerReader
from services.customers.projections.activity_daily import NAME as ACTIVITY_DAILY
from services.customers.projections.activity_queries import DailyActivity
from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory import Directory
from services.customers.projections.directory_queries import SETTINGS, DirectoryQueries
from services.customers.roles.erasing import holders_of
from services.customers.roles.service import SERVICE as ITSELF
from services.customers.streams.activity import latest_activity
from shared.authorization.rights import Decisions
from shared.clock import SystemClock
from shared.eventstore.feed import Feed
from shared.eventstore.records import RecordKeeper
from shared.eventstore.reserve import DiskReserve
from shared.eventstore.store import EventStore
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topics import CUSTOMERS, TWO_HOURS, Topic
from shared.observability.metrics import Metrics
from shared.observability.traces import Tracing
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.backlog import BacklogWatch
from shared.projecting.canary import CanaryKeeper
from shared.projecting.lag import set_lag_metrics
from shared.projecting.marks import Followed
from shared.projecting.orders import Orders
from shared.projecting.runner import ProjectionRunner
from shared.projecting.versions import settings_of
from shared.projecting.watching import MarkWatcher
from shared.security.cipher_cache import CipherCache
from shared.security.erasure_ledger import ErasureLedger
from shared.security.key_grants import KeyGrants
from shared.security.master_key import KnownMasterKeys
from shared.security.subject_keys import KeyPool, SubjectKeys
from shared.service.foundation import Foundation
from shared.service.telling import Told
from shared.settings import KafkaSettings
from shared.testing.clock import TurnableClock
from shared.testing.verifier import PersonVerifier, token_of
from shared.testing.waiting import until
from shared.web.app import Api
from shared.web.callers import Guard
from shared.web.health import Readiness
from shared.web.recording import Recorder
from tests.ground.consumers import billing_of
from tests.ground.processes import MASTER_KEY, SERVICE_KEY
from tests.ground.rights import open_decisions
from tests.ground.rows import Row, emails_of, fetched
from tests.ground.servers import Databases
from tests.ground.space import TurnableSpace
from tests.ground.spans import KeptSpans
from tests.ground.tasks import Runs, Tasks

SERVICE, SOURCE = ITSELF.name, ITSELF.source


class House:
    """Everything of the customers service; its clock runs by itself and can be turned."""

    def __init__(
        self, databases: Databases, kafka: KafkaSettings, topic: Topic, decisions: Decisions | None
    ) -> None:
        self.databases = databases
        self.kafka, self.topic = kafka, topic
        self.access = Topic(f"{topic.name}.access", topic.partitions, "records")
        self.followed = Followed(DIRECTORY, SOURCE, topic.name, topic.partitions)
        self.consumers = {"billing": billing_of(topic)}
        self.followed_daily = replace(self.followed, projection=ACTIVITY_DAILY)
        self.activity = Topic(f"{topic.name}.activity", topic.partitions, settings=TWO_HOURS)
        self.clock = TurnableClock(SystemClock().now(), runs=True)
        self.decisions = decisions or open_decisions(self.clock)
        self.appended, self.stopping = asyncio.Event(), asyncio.Event()
        self.directory = Directory()
        self.master = KnownMasterKeys(MASTER_KEY)
        self._kept = KeptSpans()
        self.tracing = Tracing([self._kept], share=1.0)
        self.metrics = Metrics(SERVICE, "house", ITSELF.version)
        self._opened = AsyncExitStack()
        self._tasks = Tasks()

    async def open(self) -> None:
        """Open the connections and put the parts together; nothing runs yet."""
        truth = await self.lanes(self.databases.truth_dsn, "api", 8)
        views = await self.lanes(self.databases.views_dsn, "api", 5)
        keys = await self.lanes(self.databases.keys_dsn, "api", 4)
        self.space = TurnableSpace()
        self.reserve = DiskReserve(self.space, 1_000, self.metrics)
        self.store = EventStore(truth, SERVICE, self.topic.partitions, self.metrics, self.reserve)
        self.feed = Feed(truth, self.topic.name)
        self.records = RecordKeeper(truth, self.clock, self.access.partitions)
        self.recorder = Recorder(self.records, self.clock)
        self._opened.push_async_callback(self.records.close)
        self.keys, self.grants = SubjectKeys(keys, self.master), KeyGrants(keys, self.master)
        self.ledger = ErasureLedger(self.databases.ledger_dir, self.clock)
        await self.ledger.begin(keys)
        imports = ImportCopies(truth, self.store, self.keys, SERVICE_KEY)
        self.erasures = CustomerErasures(
            self.store, self.keys, self.ledger, self.clock, self.appended,
            before_key_is_destroyed=imports.before_key_is_destroyed,
        )  # fmt: skip
        holders = holders_of(truth, views, self.clock, imports, self.followed)
        self.copies = CopyHolders(holders, self.grants, self.consumers)
        self.pool, self.reader = KeyPool(self.keys), CustomerReader(self.store, self.keys)
        self.commands = CustomerCommands(
            self.store, self.reader, self.keys, self.pool, self.clock, self.tracing, self.appended
        )
        self.watcher = MarkWatcher(views, self.followed, SERVICE)
        self.daily_watcher = MarkWatcher(views, self.followed_daily, SERVICE)
        self.live = latest_activity(self.kafka, self.activity, self.clock)
        self.relay, self.runner = await self.new_relay(), await self.new_runner()
        searches = await self.lanes(self.databases.views_dsn, "api", 2, SETTINGS)
        self.app = self._app(truth, views, keys, searches)

    async def lanes(
        self, template: str, role: str, size: int, settings: Mapping[str, str] | None = None
    ) -> Lanes:
        """Open connections that are closed with the house."""
        dsn = dsn_for(template, role)
        lanes = Lanes(dsn, size, application_name=f"house-{role}", settings=settings)
        await lanes.open()
        self._opened.push_async_callback(lanes.close)
        return lanes

    async def new_relay(self, topic: Topic | None = None) -> Relay:
        """Return one more relay, not running; it shares nothing with the house's own."""
        topic = topic or self.topic
        truth = await self.lanes(self.databases.truth_dsn, "relay", 2)
        outbox = Outbox(truth, topic.name, topic.partitions, uuid4(), topic.table)
        return Relay(
            outbox, self.kafka, topic, SERVICE, self.clock, self.tracing, wake=self.appended
        )

    async def new_runner(self) -> ProjectionRunner:
        """Return one more runner of the directory, not running."""
        its_tables = settings_of(DIRECTORY, self.followed.version)
        views = await self.lanes(self.databases.views_dsn, "projector", 2, its_tables)
        keys = SubjectKeys(await self.lanes(self.databases.keys_dsn, "projector", 1), self.master)
        return ProjectionRunner(
            self.directory, self.followed, views, ITSELF.codec, CipherCache(keys, self.clock),
            self.kafka, self.clock, self.tracing,
        )  # fmt: skip

    async def start(self, *, relay: bool = True, runner: bool = True) -> None:
        """Run the watcher, and the relay and the runner if wanted, until the house is closed."""
        self.run(self.watcher)
        self.run(self.daily_watcher)
        if relay:
            self.run(self.relay)
        if runner:
            self.run(self.runner)

    def run(self, part: Runs) -> asyncio.Task[None]:
        """Run one part until the house is closed; if it dies by an exception, the test fails."""
        return self._tasks.start(part, self.stopping)

    def client(self, person: str) -> httpx.AsyncClient:
        """Return a client that is signed in as that demo person."""
        return self._client({"Authorization": f"Bearer {token_of(person)}"})

    def anonymous(self) -> httpx.AsyncClient:
        """Return a client that is not signed in."""
        return self._client({})

    def _client(self, headers: Mapping[str, str]) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        its = httpx.AsyncClient(transport=transport, base_url="http://daybook", headers=headers)
        self._opened.push_async_callback(its.aclose)
        return its

    def spans(self) -> list[ReadableSpan]:
        """Return the spans that ended until now."""
        return list(self._kept.spans)

    async def stored(self) -> dict[int, int]:
        """Return how many events the store has, per partition."""
        rows = await self.ask("truth", "select partition, count(*) from events group by 1")
        return {row["partition"]: row["count"] for row in rows}

    async def applied(self) -> dict[int, int]:
        """Return how many events the directory has applied, per partition."""
        rows = await self.ask(
            "views",
            "select m.partition, m.feed_position from projection_marks m"
            " join projection_versions v using (projection, version)"
            f" where projection = '{DIRECTORY}' and v.state = 'current'"
            f" and m.topic = '{self.topic.name}' and m.feed_position > 0",
        )
        return {row["partition"]: row["feed_position"] for row in rows}

    async def caught_up(self, within: float = 60.0) -> None:
        """Return once the directory has everything that the store has."""

        async def is_level() -> bool:
            return await self.applied() == await self.stored()

        await until(is_level, within, what="that the directory has every event of the store")

    async def directory_rows(self) -> list[Row]:
        """Return the directory, by id."""
        rows = await self.ask("views", "select * from directory order by id")
        return [
            Row(
                r["id"], r["kind"], r["name"], emails_of(r["details"]), r["version"], r["is_erased"]
            )
            for r in rows
        ]

    async def fold_all(self) -> list[Row]:
        """Return what the directory must be: every customer folded from the store, by id."""
        every = "select distinct subject::uuid as id from events where stream like 'customer-%'"
        ids = [row["id"] for row in await self.ask("truth", f"{every} order by 1")]
        loaded = [await self.reader.load(one) for one in ids]
        return [
            Row(
                each.id, str(each.customer.kind), each.customer.name,
                tuple((str(email.id), email.address) for email in each.customer.emails),
                each.version, each.customer.is_erased,
            )
            for each in loaded
        ]  # fmt: skip

    async def ask(self, kind: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask one of the three databases as its superuser, on a connection of its own."""
        return await fetched(self.databases.admin_dsn(kind), sql, *arguments)

    async def stop(self) -> None:
        """End what runs; raise what killed a part that should have gone on."""
        self.stopping.set()
        self.appended.set()
        await self._tasks.end()

    async def close(self) -> None:
        """Stop, then close every connection."""
        try:
            await self.stop()
        finally:
            await self._opened.aclose()

    def _app(self, truth: Lanes, views: Lanes, keys: Lanes, searches: Lanes) -> Api:
        self.canary = CanaryKeeper(
            self.store, ITSELF.codec, self.watcher, self.clock, self.tracing,
            actor=ITSELF.account, period_seconds=60, wake=self.appended,
        )  # fmt: skip
        foundation = Foundation(
            store=self.store, feed=self.feed, truth=truth, views=views,
            key_lanes=keys, keys=self.keys, records=self.records,
            records_feed=Feed(truth, self.access.name, self.access.table), recorder=self.recorder,
            orders=Orders(views, uuid4()), guard=Guard(PersonVerifier(), self.decisions),
            tracing=self.tracing, clock=self.clock, service_key=SERVICE_KEY, metrics=self.metrics,
            appended=self.appended, stopping=self.stopping,
        )  # fmt: skip
        parts = ApiParts(
            foundation=foundation, directory=DirectoryQueries(searches), ledger=self.ledger,
            erasures=self.erasures, grants=self.grants, copies=self.copies, watcher=self.watcher,
            live_activity=self.live, daily_activity=DailyActivity(views),
            daily_watcher=self.daily_watcher, consumers=self.consumers,
        )  # fmt: skip
        self.meter = foundation.lag_meter((self.watcher, self.daily_watcher))
        self.metrics.found_out_by("lag", lambda: set_lag_metrics(self.meter, self.metrics))
        self.backlog = BacklogWatch(
            self.meter, self.clock, self.metrics, late_after_seconds=3600, dated_after_seconds=60
        )
        return customers_api(parts, self._readiness, Told(self.canary, self.meter, self.backlog))

    async def _readiness(self) -> Readiness:
        return Readiness.of("all", {"house": "ok"})


@asynccontextmanager
async def a_house(
    databases: Databases, kafka: KafkaSettings, topic: Topic | None = None,
    decisions: Decisions | None = None,
) -> AsyncIterator[House]:  # fmt: skip
    """Have a house for a while; its topic is its own, and its world open, unless given."""
    topic = topic or Topic(f"daybook.customers.{uuid4().hex[:12]}", CUSTOMERS.partitions)
    house = House(databases, kafka, topic, decisions)
    try:
        await house.open()
        yield house
    finally:
        await house.close()
