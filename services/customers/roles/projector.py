"""The projector role: the read models follow the topics."""

from uuid import uuid4

from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory import Directory
from services.customers.roles.process import FOLLOWED, Process
from services.customers.storage.codec import CODEC
from shared.projecting.order_taker import Handler, OrderTaker
from shared.projecting.orders import Kind, Orders
from shared.projecting.retrying import Retrying
from shared.projecting.runner import ProjectionRunner
from shared.projecting.verify_orders import VerifyParts, verify_orders
from shared.projecting.versions import settings_of
from shared.security.cipher_cache import CipherCache
from shared.security.subject_keys import SubjectKeys


async def add_projector(process: Process) -> None:
    """Let the process keep the directory."""
    its_tables = settings_of(FOLLOWED.projection, FOLLOWED.version)
    views = await process.lanes(process.stores.views_dsn, "projector", 2, its_tables)
    key_lanes = await process.lanes(process.stores.keys_dsn, "projector", 1)
    runner = ProjectionRunner(
        Directory(),
        FOLLOWED,
        views,
        CODEC,
        CipherCache(SubjectKeys(key_lanes, process.master), process.clock),
        process.kafka,
        process.clock,
        process.tracing,
        process.metrics,
    )
    process.readiness.works.append(runner.work)
    taking = await process.lanes(process.stores.views_dsn, "projector", 4)
    orders = Orders(taking, uuid4())
    # One line per kind of order; each handler is idempotent, for an order may be done twice.
    ciphers = CipherCache(SubjectKeys(key_lanes, process.master), process.clock)
    retrying = Retrying(Directory(), taking, CODEC, ciphers, process.clock)
    truth = await process.lanes(process.stores.truth_dsn, "projector", 1)
    verifying = VerifyParts(
        Directory(), FOLLOWED, taking, truth, CODEC, ciphers, orders,
        process.service.verify_streams_per_second,
    )  # fmt: skip
    handlers: dict[Kind, Handler] = {
        "retry": retrying.retry,
        "discard": retrying.discard,
        **verify_orders(verifying),
    }
    taker = OrderTaker(orders, taking, DIRECTORY, handlers)
    process.runs += [runner.run, taker.run]
