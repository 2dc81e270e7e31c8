"""The permissions api is put together here: which routes there are, and what they stand on."""

from uuid6 import uuid7

from services.permissions import VERSION
from services.permissions.api.acting import ActingRoutes
from services.permissions.api.authzen.routes import AuthzenRoutes
from services.permissions.api.catalogue import CatalogueRoutes
from services.permissions.api.changes import Changes
from services.permissions.api.explanations import ExplanationRoutes
from services.permissions.api.findings import FindingRoutes
from services.permissions.api.grant_lists import GrantLists
from services.permissions.api.grants import GrantRoutes
from services.permissions.api.leavers import LeaverRoutes
from services.permissions.api.lives import LifeRoutes
from services.permissions.api.paging import Pages
from services.permissions.api.past_decisions import PastDecisionRoutes
from services.permissions.api.person_access import PersonAccessRoutes
from services.permissions.api.policy import PolicyRoutes
from services.permissions.api.reach import Reach
from services.permissions.api.request_lists import RequestLists
from services.permissions.api.request_views import Helpers
from services.permissions.api.requests import RequestRoutes
from services.permissions.api.review_decisions import ReviewDecisionRoutes
from services.permissions.api.reviews import ReviewRoutes
from services.permissions.api.roles import RoleRoutes
from services.permissions.api.scim.desk import StoredDesk
from services.permissions.api.scim.kept import KeptPeople, KeptTeams
from services.permissions.api.scim.routes import add_scim
from services.permissions.api.snapshots import SnapshotRoutes
from services.permissions.api.subject_lists import SubjectLists
from services.permissions.api.subjects import SubjectRoutes
from services.permissions.api.teams import TeamRoutes
from services.permissions.api.what_if import WhatIfRoutes
from services.permissions.application.approvers import Approvers
from services.permissions.application.book_names import BookNames
from services.permissions.application.books_of_time import BooksOfTime
from services.permissions.application.comparing import Comparing
from services.permissions.application.deciding import Deciding, deciding_on
from services.permissions.application.declared_resources import DeclaredResources
from services.permissions.application.evaluating import Evaluator
from services.permissions.application.explaining import Explainer
from services.permissions.application.past import PastWorlds
from services.permissions.application.people_records import BookGrants
from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.policy_files import PolicyFiles
from services.permissions.application.record_reach import RecordReach
from services.permissions.application.resources import Resources
from services.permissions.application.review_reports import ReviewReports
from services.permissions.application.whole_log import WholeLog
from services.permissions.projections.customer_records import TYPE as CUSTOMER
from services.permissions.projections.customer_records import CustomerRecords
from services.permissions.projections.leaving_records import LeavingRecords
from services.permissions.projections.read_models import READ_MODELS
from services.permissions.projections.usage_queries import UsageQueries
from shared.security.signing import StatementSigner
from shared.service.app import add_read_model_routes, begin_api
from shared.service.foundation import Foundation
from shared.service.telling import Told
from shared.web.app import Api
from shared.web.health import ReadinessCheck
from shared.web.pages import PageTokens
from shared.web.routes import Routes


def permissions_api(
    foundation: Foundation,
    readiness: ReadinessCheck,
    told: Told,
    public_url: str,
    deciding: Deciding | None = None,
) -> Api:
    """Return the app with all its routes; what else decides in the process shares `deciding`.

    Other programs reach it at `public_url`.
    """
    app, routes = begin_api("permissions", VERSION, foundation, readiness, told)
    SnapshotRoutes(WholeLog(foundation.truth, foundation.feed)).add_to(routes)
    usage = UsageQueries(foundation.views)
    its = deciding or deciding_on(foundation, usage.uses)
    book, commands = its.book, its.commands
    files = PolicyFiles(book, commands, foundation.clock)
    changes = Changes(commands, book, foundation.service_key)
    pages = Pages(PageTokens(foundation.service_key))
    PolicyRoutes(files, foundation.guard, foundation.service_key).add_to(routes)
    RoleRoutes(changes, pages).add_to(routes)
    CatalogueRoutes(changes, pages).add_to(routes)
    TeamRoutes(changes, pages, Reach(foundation.guard)).add_to(routes)
    comparing = Comparing(book, its.clock, its.uses)
    reports = ReviewReports(foundation.store, foundation.keys)
    signer = StatementSigner(foundation.service_key)
    ReviewRoutes(changes, pages, reports, signer, comparing, its.clock, foundation.guard).add_to(
        routes
    )
    ReviewDecisionRoutes(changes, its.work_is_there).add_to(routes)
    FindingRoutes(changes, pages, comparing, foundation.guard).add_to(routes)
    customers = {CUSTOMER: CustomerRecords(foundation.views)}
    resources = Resources(customers, DeclaredResources(book), BookGrants(book))
    _add_people(routes, foundation, changes, pages, RecordReach(resources))
    PersonAccessRoutes(
        book, comparing, usage, foundation.store, foundation.guard, its.clock
    ).add_to(routes)
    past = PastWorlds(foundation.truth, foundation.feed)
    books = BooksOfTime(book, past, foundation.feed, its.clock)
    WhatIfRoutes(books, Reach(foundation.guard)).add_to(routes)
    PastDecisionRoutes(past).add_to(routes)
    desk = StoredDesk(book, commands)
    add_read_model_routes(routes, foundation, told, READ_MODELS, by_stream=())
    _add_questions(foundation, book, past, resources, public_url, routes)
    add_scim(app, routes, KeptPeople(desk, uuid7), KeptTeams(desk, uuid7), public_url)
    return app


def _add_questions(
    foundation: Foundation,
    book: PolicyBook,
    past: PastWorlds,
    resources: Resources,
    public_url: str,
    routes: Routes,
) -> None:
    """Add the routes by which programs ask who may do what, and people why."""
    guard, names = foundation.guard, BookNames(book)
    tokens = PageTokens(foundation.service_key)
    log = foundation.recorder.decisions
    evaluator = Evaluator(guard.decisions, names, resources, log)
    AuthzenRoutes(evaluator, tokens, public_url).add_to(routes)
    explainer = Explainer(guard.decisions, names, resources, past, foundation.clock)
    ExplanationRoutes(explainer, guard, tokens).add_to(routes)


def _add_people(
    routes: Routes, foundation: Foundation, changes: Changes, pages: Pages, records: RecordReach
) -> None:
    book, clock, reach = changes.book, foundation.clock, Reach(foundation.guard)
    SubjectLists(book, reach, pages, clock).add_to(routes)
    SubjectRoutes(changes, reach).add_to(routes)
    LifeRoutes(changes, reach).add_to(routes)
    told = LeavingRecords(foundation.views)
    LeaverRoutes(book, foundation.guard, pages, told, clock).add_to(routes)
    GrantLists(book, reach, pages, clock).add_to(routes)
    GrantRoutes(changes, reach).add_to(routes)
    ActingRoutes(changes, reach, pages, clock).add_to(routes)
    helpers = Helpers(Approvers(book), clock)
    RequestLists(book, reach, pages, helpers, records, clock).add_to(routes)
    RequestRoutes(changes, reach, helpers, records, clock).add_to(routes)
