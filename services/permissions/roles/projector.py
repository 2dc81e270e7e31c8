"""The projector role: what decisions need of customers, and what rights were used for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import httpx

from services.permissions.projections.customer_owners import CustomerOwners
from services.permissions.projections.erased_people import CODEC as PEOPLE_CODEC
from services.permissions.projections.erased_people import ErasedPeople
from services.permissions.projections.incoming import CODEC
from services.permissions.projections.incoming_records import RECORDS_CODEC
from services.permissions.projections.leavings import Leavings
from services.permissions.projections.of_records import LEAVINGS, SOURCES, USAGE, followed_of
from services.permissions.projections.read_models import READ_MODELS
from services.permissions.projections.usage import Usage
from services.permissions.roles.service import FOLLOWED_CUSTOMERS, FOLLOWED_PEOPLE, SERVICE
from shared.eventstore.codec import EventCodec, NothingSealed
from shared.postgres.lanes import Lanes
from shared.projecting.applied import Projection
from shared.projecting.discards import read_discards
from shared.projecting.http_feed import HttpFeed
from shared.projecting.marks import Followed
from shared.projecting.order_taker import OrderTaker
from shared.projecting.orders import Orders
from shared.projecting.parts import ProjectionParts
from shared.projecting.projector import Projector
from shared.projecting.retrying import Retrying
from shared.projecting.store_feed import READ_ONLY, SourceFeed, StoreFeed
from shared.projecting.version_orders import version_orders
from shared.security.service_tokens import FILE, ServiceTokens
from shared.service.process import Process

ANSWER_WITHIN_SECONDS = 10.0
RECORDS_WAIT_MS: Final = 250
"""How long a fetch of records waits at the embedded broker: nobody decides by them, and asking a
hundred times a second, four times twelve partitions, would cost half a core of an idle machine."""
OF_RECORDS: Final[Mapping[str, Callable[[str], Projection]]] = {
    USAGE: Usage,
    LEAVINGS: Leavings,
}
"""How each kind of read model of the records is made for one service."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What all read models of one process share."""

    process: Process
    truth: Lanes
    views: Lanes
    http: httpx.AsyncClient
    tokens: ServiceTokens

    def feed(self, followed: Followed) -> SourceFeed:
        """Return where events come from that Kafka lost, and all of them for a rebuild."""
        if followed == FOLLOWED_PEOPLE:
            return StoreFeed(self.truth, followed)
        urls = self.process.settings
        url = urls.permissions_url if followed.source == SERVICE.source else urls.customers_url
        # Records also of its own store: a route is asked that knows who may read them.
        return HttpFeed(self.http, url, self.tokens.token, self.tokens.forget, followed)


async def add_projector(process: Process) -> None:
    """Let the process keep whose customers are, what rights were used for, and who was erased."""
    ground = await _ground(process)
    await _keep(ground, CustomerOwners(), FOLLOWED_CUSTOMERS, CODEC)
    await _keep(ground, ErasedPeople(), FOLLOWED_PEOPLE, PEOPLE_CODEC)
    for kind, made_for in OF_RECORDS.items():
        for source in SOURCES:
            await _keep(ground, made_for(source), followed_of(kind, source), RECORDS_CODEC)


async def _ground(process: Process) -> _Ground:
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
    stores = process.stores
    return _Ground(
        process,
        # Who discards an event of another service says so here, and is on record here.
        truth=await process.lanes(stores.truth_dsn, "projector", 2, READ_ONLY),
        # Each read model listens for its orders on one; two do what there is to do.
        views=await process.lanes(stores.views_dsn, "projector", len(READ_MODELS) + 2),
        http=http,
        tokens=tokens,
    )


async def _keep(
    ground: _Ground, projection: Projection, followed: Followed, codec: EventCodec
) -> None:
    """Keep one read model in all its versions, and do what is ordered of it."""
    process, views, kafka = ground.process, ground.views, ground.process.kafka
    if followed != FOLLOWED_CUSTOMERS:
        kafka = kafka.unhurried(RECORDS_WAIT_MS)
    parts = ProjectionParts(
        projection=projection,
        followed=followed,
        codec=codec,
        ciphers=NothingSealed(),
        feed=ground.feed(followed),
        views=views,
        open_views=lambda its: process.lanes(process.stores.views_dsn, "projector", 1, its),
        discarded=lambda: read_discards(ground.truth, followed.projection),
        kafka=kafka,
        clock=process.clock,
        tracing=process.tracing,
        metrics=process.metrics,
    )
    projector = Projector(parts)
    process.readiness.works.append(projector.work)
    orders = Orders(views, uuid4())
    retrying = Retrying(projection, views, codec, parts.ciphers, process.clock)
    handlers = {
        "retry": retrying.retry,
        "discard": retrying.discard,
        **version_orders(projector, orders),
    }
    taker = OrderTaker(orders, views, followed.projection, handlers)
    process.runs += [projector.run, taker.run]
