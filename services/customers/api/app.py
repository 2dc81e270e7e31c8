"""The customers api is put together here: which routes there are, and what they stand on."""

from asyncio import Event as Signal
from collections.abc import Mapping
from dataclasses import dataclass

from services.customers import VERSION
from services.customers.api.access_file import AccessFileRoutes
from services.customers.api.activity import ActivityRoutes
from services.customers.api.commands import CommandRoutes
from services.customers.api.consumers import ConsumerRoutes
from services.customers.api.erasures import ErasureRoutes
from services.customers.api.exporting import ExportRoutes
from services.customers.api.feed import FeedRoutes
from services.customers.api.fields import FieldRoutes
from services.customers.api.holds import HoldRoutes
from services.customers.api.imports import ImportRoutes
from services.customers.api.journey import JourneyRoutes
from services.customers.api.lag import LagRoutes
from services.customers.api.last_looks import LastLookRoutes
from services.customers.api.parked import ParkedRoutes
from services.customers.api.projections import ProjectionRoutes
from services.customers.api.reads import ReadRoutes
from services.customers.api.since import ChangesRoutes
from services.customers.api.subject_keys import SubjectKeyRoutes
from services.customers.api.views import ViewRoutes
from services.customers.api.watch import WatchRoutes
from services.customers.application.access_file import AccessFiles
from services.customers.application.customer import CustomerCommands
from services.customers.application.erasing import CustomerErasures
from services.customers.application.erasure_report import ErasureReports
from services.customers.application.field_declarations import FieldDeclarations
from services.customers.application.fields import FieldCommands
from services.customers.application.holding import CopyHolders
from services.customers.application.importing.desk import ImportDesk
from services.customers.application.last_looks import LastLooks
from services.customers.application.loading import CustomerReader
from services.customers.application.views import SavedViews
from services.customers.projections.activity_daily import NAME as ACTIVITY_DAILY
from services.customers.projections.activity_queries import DailyActivity
from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.streams.activity import Latest
from shared.clock import Clock
from shared.eventstore.accesses import AccessRecords
from shared.eventstore.feed import Feed
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.messaging.consumers import RegisteredConsumer
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.backlog import BacklogWatch
from shared.projecting.canary import CanaryKeeper
from shared.projecting.lag import LagMeter, Log
from shared.projecting.orders import Orders
from shared.projecting.parked_list import ParkedList
from shared.projecting.sightings import Sightings
from shared.projecting.versions import Versions
from shared.projecting.watching import MarkWatcher
from shared.security.erasure_ledger import ErasureLedger
from shared.security.key_grants import KeyGrants
from shared.security.signing import StatementSigner
from shared.security.subject_keys import KeyPool, SubjectKeys
from shared.web.app import Api, create_app
from shared.web.callers import Guard
from shared.web.health import ReadinessCheck
from shared.web.pages import PageTokens
from shared.web.recording import Recorder
from shared.web.routes import Routes


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the api stands on."""

    store: EventStore
    feed: Feed
    truth: Lanes
    views: Lanes
    directory: DirectoryQueries
    keys: SubjectKeys
    ledger: ErasureLedger
    erasures: CustomerErasures
    grants: KeyGrants
    copies: CopyHolders
    records: RecordKeeper
    records_feed: Feed
    recorder: Recorder
    watcher: MarkWatcher
    live_activity: Latest
    daily_activity: DailyActivity
    daily_watcher: MarkWatcher
    orders: Orders
    consumers: Mapping[str, RegisteredConsumer]
    guard: Guard
    tracing: Tracing
    clock: Clock
    service_key: bytes
    appended: Signal
    stopping: Signal
    metrics: Metrics = UNMEASURED


def lag_meter(parts: ApiParts) -> LagMeter:
    """Return what measures who is behind whom."""
    feeds = (parts.feed, parts.records_feed)
    logs = [Log(feed.topic, feed.table, parts.store.partitions) for feed in feeds]
    return LagMeter(parts.truth, logs, (parts.watcher, parts.daily_watcher))


def customers_api(
    parts: ApiParts, readiness: ReadinessCheck, canary: CanaryKeeper, backlog: BacklogWatch
) -> Api:
    """Return the app with all its routes."""
    app = create_app(
        title="Daybook customers",
        version=VERSION,
        guard=parts.guard,
        recorder=parts.recorder,
        tracing=parts.tracing,
        readiness=readiness,
        metrics=parts.metrics,
    )
    routes = Routes(app, parts.guard, parts.recorder)
    reader = CustomerReader(parts.store, parts.keys)
    commands = CustomerCommands(
        parts.store,
        reader,
        parts.keys,
        KeyPool(parts.keys),
        parts.clock,
        parts.tracing,
        parts.appended,
        parts.metrics,
    )
    lag = LagRoutes(parts.store.service, lag_meter(parts), canary)
    CommandRoutes(commands, parts.service_key, backlog).add_to(routes)
    fields = FieldCommands(parts.store, parts.clock, parts.appended, parts.metrics)
    FieldRoutes(parts.store, fields, parts.service_key).add_to(routes)
    pages = PageTokens(parts.service_key)
    declared = FieldDeclarations(parts.store, parts.clock)
    ReadRoutes(reader, parts.directory, declared, parts.watcher, backlog, pages).add_to(routes)
    views = SavedViews(
        parts.store, parts.truth, parts.keys, parts.clock, parts.appended, parts.metrics
    )
    ViewRoutes(views, declared, pages, parts.service_key).add_to(routes)
    looks = LastLooks(parts.truth, parts.clock)
    LastLookRoutes(looks, parts.directory, parts.watcher, backlog, pages).add_to(routes)
    ChangesRoutes(reader, looks, parts.watcher).add_to(routes)
    desk = ImportDesk(parts.truth, parts.keys, parts.clock)
    ImportRoutes(desk, pages, backlog, parts.service_key).add_to(routes)
    _add_personal_data(parts, reader, pages, routes)
    ExportRoutes(parts.directory, declared, parts.watcher, backlog).add_to(routes)
    JourneyRoutes(parts.feed, parts.views, parts.watcher, DIRECTORY).add_to(routes)
    feeds = [parts.feed, parts.records_feed]
    FeedRoutes(parts.store, feeds, parts.guard).add_to(routes)
    sightings = Sightings(parts.views)
    ConsumerRoutes(parts.store, feeds, parts.consumers, sightings, parts.clock).add_to(routes)
    WatchRoutes(parts.feed, parts.watcher, parts.clock, parts.stopping).add_to(routes)
    ActivityRoutes(
        parts.live_activity, parts.daily_activity, parts.daily_watcher, backlog, parts.clock
    ).add_to(routes)
    parked = ParkedList(parts.views)
    read_models = [Versions(parts.views, name) for name in (DIRECTORY, ACTIVITY_DAILY)]
    ProjectionRoutes(
        parts.orders,
        parked,
        parts.records,
        read_models,
        backlog,
        parts.clock,
        by_stream={DIRECTORY},
    ).add_to(routes)
    ParkedRoutes(parked, pages).add_to(routes)
    lag.add_to(routes)
    return app


def _add_personal_data(
    parts: ApiParts, reader: CustomerReader, pages: PageTokens, routes: Routes
) -> None:
    """Add what is about a person's rights: keys, holds, erasures, the access file."""
    signer = StatementSigner(parts.service_key)
    reports = ErasureReports(parts.store, parts.erasures, parts.ledger, parts.copies)
    accesses = AccessRecords(parts.truth)
    files = AccessFiles(parts.store, reader, parts.keys, accesses, parts.grants)
    HoldRoutes(reader).add_to(routes)
    ErasureRoutes(
        parts.erasures, reports, parts.copies, signer, parts.guard, parts.clock, pages
    ).add_to(routes)
    AccessFileRoutes(files, reports, parts.copies, signer, parts.clock).add_to(routes)
    SubjectKeyRoutes(parts.grants, parts.consumers, parts.feed.topic).add_to(routes)
