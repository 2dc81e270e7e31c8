"""The projector role: the read models follow the topics."""

from uuid import uuid4

from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory import Directory
from services.customers.roles.process import FOLLOWED, Process
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


async def add_projector(process: Process) -> None:
    """Let the process keep the directory."""
    truth = await process.lanes(process.stores.truth_dsn, "projector", 3, READ_ONLY)
    directory = Directory()
    parts = await _parts(process, directory, truth)
    projector = Projector(parts)
    process.readiness.works.append(projector.work)
    taking = await process.lanes(process.stores.views_dsn, "projector", 4)
    orders = Orders(taking, uuid4())
    # One line per kind of order; each handler is idempotent, for an order may be done twice.
    retrying = Retrying(directory, taking, CODEC, parts.ciphers, process.clock)
    verifying = VerifyParts(
        directory, FOLLOWED, taking, truth, CODEC, parts.ciphers, orders,
        process.service.verify_streams_per_second,
    )  # fmt: skip
    handlers: dict[Kind, Handler] = {
        "retry": retrying.retry,
        "discard": retrying.discard,
        **verify_orders(verifying),
        **version_orders(projector, orders),
    }
    taker = OrderTaker(orders, taking, DIRECTORY, handlers)
    process.runs += [projector.run, taker.run]


async def _parts(process: Process, directory: Directory, truth: Lanes) -> ProjectionParts:
    """Open what all versions of the directory share."""
    stores = process.stores
    views = await process.lanes(stores.views_dsn, "projector", 2)
    key_lanes = await process.lanes(stores.keys_dsn, "projector", 1)
    return ProjectionParts(
        projection=directory,
        followed=FOLLOWED,
        codec=CODEC,
        ciphers=CipherCache(SubjectKeys(key_lanes, process.master), process.clock),
        feed=StoreFeed(truth, FOLLOWED),
        views=views,
        open_views=lambda settings: process.lanes(stores.views_dsn, "projector", 2, settings),
        discarded=lambda: read_discards(truth, DIRECTORY),
        kafka=process.kafka,
        clock=process.clock,
        tracing=process.tracing,
        metrics=process.metrics,
    )
