"""The projector role: the read models follow the topics."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from uuid import uuid4

from services.customers.projections.activity_daily import CODEC as DAILY_CODEC
from services.customers.projections.activity_daily import ActivityDaily
from services.customers.projections.directory import SHAPE, Directory
from services.customers.roles.service import FOLLOWED, FOLLOWED_DAILY
from services.customers.storage.codec import CODEC
from shared.postgres.lanes import Lanes
from shared.projecting.discards import read_discards
from shared.projecting.order_taker import Handler, OrderTaker
from shared.projecting.orders import Kind, Orders
from shared.projecting.parts import ProjectionParts
from shared.projecting.projector import Projector
from shared.projecting.retrying import Retrying
from shared.projecting.store_feed import READ_ONLY, StoreFeed
from shared.projecting.verify_orders import VerifyParts, verify_orders
from shared.projecting.version_orders import version_orders
from shared.security.cipher_cache import CipherCache
from shared.security.subject_keys import SubjectKeys
from shared.service.process import Process

DAILY_WAIT_MS: Final = 100
"""How long a fetch for the daily figures waits at the embedded broker: nobody looks that soon."""


async def add_projector(process: Process) -> None:
    """Let the process keep the directory and the daily figures."""
    truth = await process.lanes(process.stores.truth_dsn, "projector", 3, READ_ONLY)
    views = await process.lanes(process.stores.views_dsn, "projector", 2)
    key_lanes = await process.lanes(process.stores.keys_dsn, "projector", 1)
    ciphers = CipherCache(SubjectKeys(key_lanes, process.master), process.clock)
    parts = ProjectionParts(
        projection=Directory(),
        followed=FOLLOWED,
        codec=CODEC,
        ciphers=ciphers,
        feed=StoreFeed(truth, FOLLOWED),
        views=views,
        open_views=lambda its: process.lanes(process.stores.views_dsn, "projector", 2, its),
        discarded=lambda: read_discards(truth, FOLLOWED.projection),
        kafka=process.kafka,
        clock=process.clock,
        tracing=process.tracing,
        metrics=process.metrics,
        shape=SHAPE,
    )
    lanes = await process.lanes(process.stores.views_dsn, "projector", 2)
    await _keep(
        process,
        parts,
        lanes,
        lambda orders: _directory_orders(process, parts, lanes, truth, orders),
    )
    await keep_activity_daily(process, parts, lanes, truth)


async def keep_activity_daily(
    process: Process, parts: ProjectionParts, lanes: Lanes, truth: Lanes
) -> None:
    """Keep the exact daily figures, with what the directory's parts are made of."""
    daily = replace(
        parts,
        projection=ActivityDaily(),
        shape=1,
        followed=FOLLOWED_DAILY,
        codec=DAILY_CODEC,
        feed=StoreFeed(truth, FOLLOWED_DAILY),
        discarded=lambda: read_discards(truth, FOLLOWED_DAILY.projection),
        kafka=process.kafka.unhurried(DAILY_WAIT_MS),
    )
    await _keep(process, daily, lanes, lambda _: {})


async def _keep(
    process: Process,
    parts: ProjectionParts,
    lanes: Lanes,
    more: Callable[[Orders], Mapping[Kind, Handler]],
) -> None:
    """Keep one read model in all its versions, and do what is ordered of it.

    Handlers are idempotent, for an order may be done twice.
    """
    projector = Projector(parts)
    process.readiness.works.append(projector.work)
    taking = await process.lanes(process.stores.views_dsn, "projector", 2)
    orders = Orders(taking, uuid4())
    retrying = Retrying(parts.projection, lanes, parts.codec, parts.ciphers, process.clock)
    handlers = {
        "retry": retrying.retry,
        "discard": retrying.discard,
        **more(orders),
        **version_orders(projector, orders),
    }
    taker = OrderTaker(orders, taking, parts.followed.projection, handlers)
    process.runs += [projector.run, taker.run]


def _directory_orders(
    process: Process, parts: ProjectionParts, lanes: Lanes, truth: Lanes, orders: Orders
) -> Mapping[Kind, Handler]:
    """Return who does what can be ordered of the directory alone: it has a row per stream."""
    verifying = VerifyParts(
        Directory(), FOLLOWED, lanes, truth, CODEC, parts.ciphers, orders,
        process.settings.verify_streams_per_second,
    )  # fmt: skip
    return verify_orders(verifying)
