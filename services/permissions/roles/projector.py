"""The projector role: what decisions need to know of customers follows their service's topic."""

from uuid import uuid4

import httpx

from services.permissions.projections.customer_owners import CustomerOwners
from services.permissions.projections.incoming import CODEC
from services.permissions.roles.service import FOLLOWED_CUSTOMERS
from shared.eventstore.codec import NothingSealed
from shared.projecting.discards import read_discards
from shared.projecting.http_feed import HttpFeed
from shared.projecting.order_taker import OrderTaker
from shared.projecting.orders import Orders
from shared.projecting.parts import ProjectionParts
from shared.projecting.projector import Projector
from shared.projecting.retrying import Retrying
from shared.projecting.store_feed import READ_ONLY
from shared.projecting.version_orders import version_orders
from shared.security.service_tokens import FILE, ServiceTokens
from shared.service.process import Process

ANSWER_WITHIN_SECONDS = 10.0


async def add_projector(process: Process) -> None:
    """Let the process keep whose customers are."""
    stores, followed = process.stores, FOLLOWED_CUSTOMERS
    truth = await process.lanes(stores.truth_dsn, "projector", 1, READ_ONLY)
    parts = ProjectionParts(
        projection=CustomerOwners(),
        followed=followed,
        codec=CODEC,
        ciphers=NothingSealed(),
        feed=await _feed(process),
        views=await process.lanes(stores.views_dsn, "projector", 2),
        open_views=lambda its: process.lanes(stores.views_dsn, "projector", 2, its),
        # Who discards an event of another service says so here, and is on record here.
        discarded=lambda: read_discards(truth, followed.projection),
        kafka=process.kafka,
        clock=process.clock,
        tracing=process.tracing,
        metrics=process.metrics,
    )
    projector = Projector(parts)
    process.readiness.works.append(projector.work)
    taking = await process.lanes(stores.views_dsn, "projector", 3)
    orders = Orders(taking, uuid4())
    retrying = Retrying(parts.projection, taking, parts.codec, parts.ciphers, process.clock)
    handlers = {
        "retry": retrying.retry,
        "discard": retrying.discard,
        **version_orders(projector, orders),
    }
    taker = OrderTaker(orders, taking, followed.projection, handlers)
    process.runs += [projector.run, taker.run]


async def _feed(process: Process) -> HttpFeed:
    """Return where events come from that Kafka lost, and all of them for a rebuild."""
    http = await process.opened.enter_async_context(
        httpx.AsyncClient(timeout=ANSWER_WITHIN_SECONDS, trust_env=False)
    )
    tokens = ServiceTokens(
        process.security.issuer,
        process.service.name,
        process.security.secrets_dir / FILE,
        http,
        process.clock,
    )
    url = process.settings.customers_url
    return HttpFeed(http, url, tokens.token, tokens.forget, FOLLOWED_CUSTOMERS)
