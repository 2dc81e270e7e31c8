"""The api of every service begins here, with the routes that operators and followers find there."""

from collections.abc import Collection, Sequence

from shared.projecting.parked_list import ParkedList
from shared.projecting.versions import Versions
from shared.service.feed import FeedRoutes
from shared.service.foundation import Foundation
from shared.service.lag import LagRoutes
from shared.service.parked import ParkedRoutes
from shared.service.projections import ProjectionRoutes
from shared.service.telling import Told
from shared.web.app import Api, create_app
from shared.web.health import ReadinessCheck
from shared.web.pages import PageTokens
from shared.web.routes import Routes


def begin_api(
    name: str, version: str, foundation: Foundation, readiness: ReadinessCheck, told: Told
) -> tuple[Api, Routes]:
    """Return the app of a service, and what to add its own routes to.

    It serves health, its description, the feed with its digests, and the lag.
    """
    app = create_app(
        title=f"Daybook {name}",
        version=version,
        guard=foundation.guard,
        recorder=foundation.recorder,
        tracing=foundation.tracing,
        readiness=readiness,
        metrics=foundation.metrics,
    )
    routes = Routes(app, foundation.guard, foundation.recorder)
    FeedRoutes(foundation.store, foundation.feeds, foundation.guard).add_to(routes)
    LagRoutes(foundation.store.service, told.meter, told.canary).add_to(routes)
    return app, routes


def add_read_model_routes(
    routes: Routes,
    foundation: Foundation,
    told: Told,
    read_models: Sequence[str],
    *,
    by_stream: Collection[str],
) -> None:
    """Add what operators do with read models; those named in `by_stream` have a row per stream."""
    parked = ParkedList(foundation.views)
    ProjectionRoutes(
        foundation.orders,
        parked,
        foundation.records,
        [Versions(foundation.views, name) for name in read_models],
        told.backlog,
        foundation.clock,
        by_stream=by_stream,
    ).add_to(routes)
    ParkedRoutes(parked, PageTokens(foundation.service_key)).add_to(routes)
