"""A worker on imports stands on the house's databases with the rights of its role."""

from services.customers.application.importing.turns import Turns
from services.customers.application.importing.worker import BATCH, ImportWorker
from shared.eventstore.store import EventStore
from shared.security.subject_keys import SubjectKeys
from tests.ground.house import SERVICE, House
from tests.ground.processes import SERVICE_KEY


async def a_worker(house: House, batch: int = BATCH, turns: Turns | None = None) -> ImportWorker:
    """Return one more worker, not running; it shares nothing with another."""
    truth = await house.lanes(house.databases.truth_dsn, "worker", 2)
    keys = SubjectKeys(await house.lanes(house.databases.keys_dsn, "worker", 1), house.master)
    store = EventStore(truth, SERVICE, house.topic.partitions, reserve=house.reserve)
    return ImportWorker(
        store, truth, keys, SERVICE_KEY, house.clock, house.appended, house.decisions,
        house.metrics, turns, batch=batch,
    )  # fmt: skip
