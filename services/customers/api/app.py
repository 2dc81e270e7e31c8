"""The customers api is put together here: which routes there are, and what they stand on."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.customers import VERSION
from services.customers.api.access_file import AccessFileRoutes
from services.customers.api.activity import ActivityRoutes
from services.customers.api.commands import CommandRoutes
from services.customers.api.consumers import ConsumerRoutes
from services.customers.api.erasures import ErasureRoutes
from services.customers.api.exporting import ExportRoutes
from services.customers.api.fields import FieldRoutes
from services.customers.api.holds import HoldRoutes
from services.customers.api.imports import ImportRoutes
from services.customers.api.journey import JourneyRoutes
from services.customers.api.last_looks import LastLookRoutes
from services.customers.api.reads import ReadRoutes
from services.customers.api.sight import Sights
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
from shared.eventstore.accesses import AccessRecords
from shared.messaging.consumers import RegisteredConsumer
from shared.projecting.sightings import Sightings
from shared.projecting.watching import MarkWatcher
from shared.security.erasure_ledger import ErasureLedger
from shared.security.key_grants import KeyGrants
from shared.security.signing import StatementSigner
from shared.security.subject_keys import KeyPool
from shared.service.app import add_read_model_routes, begin_api
from shared.service.foundation import Foundation
from shared.service.telling import Told
from shared.web.app import Api
from shared.web.health import ReadinessCheck
from shared.web.pages import PageTokens
from shared.web.routes import Routes


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the api stands on: what every service's does, and what only customers has."""

    foundation: Foundation
    directory: DirectoryQueries
    ledger: ErasureLedger
    erasures: CustomerErasures
    grants: KeyGrants
    copies: CopyHolders
    watcher: MarkWatcher
    live_activity: Latest
    daily_activity: DailyActivity
    daily_watcher: MarkWatcher
    consumers: Mapping[str, RegisteredConsumer]


def customers_api(parts: ApiParts, readiness: ReadinessCheck, told: Told) -> Api:
    """Return the app with all its routes."""
    its, backlog = parts.foundation, told.backlog
    app, routes = begin_api("customers", VERSION, its, readiness, told)
    reader = CustomerReader(its.store, its.keys)
    commands = CustomerCommands(
        its.store,
        reader,
        its.keys,
        KeyPool(its.keys),
        its.clock,
        its.tracing,
        its.appended,
        its.metrics,
    )
    fields = FieldCommands(its.store, its.clock, its.appended, its.metrics)
    FieldRoutes(its.store, fields, its.guard, its.service_key).add_to(routes)
    pages = PageTokens(its.service_key)
    declared = FieldDeclarations(its.store, its.clock)
    sights = Sights(its.guard, declared, reader)
    CommandRoutes(commands, its.service_key, backlog, sights).add_to(routes)
    ReadRoutes(reader, parts.directory, declared, parts.watcher, backlog, pages, sights).add_to(
        routes
    )
    views = SavedViews(its.store, its.truth, its.keys, its.clock, its.appended, its.metrics)
    ViewRoutes(views, declared, pages, its.service_key, sights).add_to(routes)
    looks = LastLooks(its.truth, its.clock)
    LastLookRoutes(looks, parts.directory, parts.watcher, backlog, pages, sights).add_to(routes)
    ChangesRoutes(reader, looks, parts.watcher, sights).add_to(routes)
    desk = ImportDesk(its.store, its.truth, its.keys, its.clock)
    ImportRoutes(desk, pages, backlog, its.service_key, sights).add_to(routes)
    _add_personal_data(parts, reader, pages, sights, routes)
    ExportRoutes(parts.directory, declared, parts.watcher, backlog, sights).add_to(routes)
    JourneyRoutes(its.feed, its.views, parts.watcher, DIRECTORY, sights).add_to(routes)
    sightings = Sightings(its.views)
    ConsumerRoutes(its.store, list(its.feeds), parts.consumers, sightings, its.clock).add_to(routes)
    WatchRoutes(its.feed, parts.directory, parts.watcher, its.clock, its.stopping, sights).add_to(
        routes
    )
    ActivityRoutes(
        parts.live_activity, parts.daily_activity, parts.daily_watcher, backlog, its.clock
    ).add_to(routes)
    read_models = (DIRECTORY, ACTIVITY_DAILY)
    add_read_model_routes(routes, its, told, read_models, by_stream={DIRECTORY})
    return app


def _add_personal_data(
    parts: ApiParts, reader: CustomerReader, pages: PageTokens, sights: Sights, routes: Routes
) -> None:
    """Add what is about a person's rights: keys, holds, erasures, the access file."""
    its = parts.foundation
    signer = StatementSigner(its.service_key)
    reports = ErasureReports(its.store, parts.erasures, parts.ledger, parts.copies)
    accesses = AccessRecords(its.truth)
    files = AccessFiles(its.store, reader, its.keys, accesses, parts.grants)
    HoldRoutes(reader, sights).add_to(routes)
    ErasureRoutes(parts.erasures, reports, parts.copies, signer, sights, its.clock, pages).add_to(
        routes
    )
    AccessFileRoutes(files, reports, parts.copies, signer, its.clock, sights).add_to(routes)
    SubjectKeyRoutes(parts.grants, parts.consumers, its.feed.topic).add_to(routes)
