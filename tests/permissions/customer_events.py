"""Events of the customers service, as the read model of whose customers are gets them."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from services.permissions.projections.customer_owners import CustomerOwners
from shared.events import Event
from shared.messaging.headers import ReceivedEvent
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.applied import AppliedEvent
from shared.projecting.versions import settings_of
from tests.ground.servers import Databases


def came(customer: str, version: int, at: datetime, event: Event) -> AppliedEvent:
    """Return one as it is applied."""
    received = ReceivedEvent(
        "/daybook/customers", 1, "topic", 0, 0, 0, 0, 0, "", type(event).__name__, 1,
        f"customer-{customer}", version, customer, at.isoformat(), None, orjson.dumps({}),
    )  # fmt: skip
    return AppliedEvent(received, event)


async def apply(databases: Databases, events: Sequence[AppliedEvent]) -> None:
    """Let the read model know of them."""
    lanes = Lanes(
        dsn_for(databases.views_dsn, "projector"), 1, application_name="test",
        settings=settings_of("customer_owners", 1),
    )  # fmt: skip
    await lanes.open()
    try:
        async with lanes.lane() as connection:
            await CustomerOwners().apply(connection, events)
    finally:
        await lanes.close()
