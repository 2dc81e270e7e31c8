"""A worker on imports stands on the house's databases with the rights of its role."""

from services.customers.application.importing.turns import Turns
from services.customers.application.importing.worker import BATCH, ImportWorker
from shared.authorization.rights import Decisions
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.postgres.lanes import Lanes
from shared.security.subject_keys import SubjectKeys
from shared.web.decision_log import DecisionLog
from tests.ground.house import SERVICE, House
from tests.ground.processes import SERVICE_KEY


async def a_worker(
    house: House,
    batch: int = BATCH,
    turns: Turns | None = None,
    log: DecisionLog | None = None,
    decisions: Decisions | None = None,
) -> ImportWorker:
    """Return one more worker, not running; it shares nothing with another.

    It decides as the house does, unless it has decisions of its own.
    """
    truth = await house.lanes(house.databases.truth_dsn, "worker", 2)
    keys = SubjectKeys(await house.lanes(house.databases.keys_dsn, "worker", 1), house.master)
    store = EventStore(truth, SERVICE, house.topic.partitions, reserve=house.reserve)
    return ImportWorker(
        store, truth, keys, SERVICE_KEY, house.clock, house.appended,
        decisions or house.decisions, log or DecisionLog(records_on(house, truth), house.clock),
        house.metrics, turns, batch=batch,
    )  # fmt: skip


def records_on(house: House, truth: Lanes) -> RecordKeeper:
    """Return one more keeper of records; whoever wants them all closes it."""
    return RecordKeeper(truth, house.clock, house.access.partitions)
