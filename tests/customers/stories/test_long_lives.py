"""A customer to whom much has happened is erased without reading all of it."""

from typing import Any, cast
from uuid import UUID

import asyncpg
from uuid6 import uuid7

from services.customers.application.loading import stream_of
from services.customers.application.outline import CustomerOutlines
from services.customers.domain.customer.events import CustomerStageChanged
from services.customers.storage.codec import CODEC
from shared.eventstore.store import EventStore
from shared.postgres.lanes import Lanes
from tests.customers.api.asking import if_match, register
from tests.ground.events import ORIGIN
from tests.ground.house import House

EVENTS = 2_000


class ExplainingLanes:
    """Asks, and keeps the plan of everything that is asked."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self.plans: list[str] = []

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        lines = await self._lanes.fetch(f"explain (analyze) {statement}", *values)
        self.plans.append("\n".join(line[0] for line in lines))
        return await self._lanes.fetch(statement, *values)


async def lived(house: House, customer: dict[str, Any]) -> None:
    """Let the customer's stage change very often."""
    changed = CustomerStageChanged(stage="active")
    events = [CODEC.encode(changed, uuid7()) for _ in range(EVENTS)]
    await house.store.append(
        stream_of(UUID(customer["id"])), customer["id"], customer["version"], events,
        ORIGIN, house.clock.now(),
    )  # fmt: skip


async def test_what_decides_an_erasure_is_found_by_an_index_among_thousands_of_events(
    house: House,
) -> None:
    ada = await register(house.client("alice"))
    await lived(house, ada)
    held = await house.client("petra").post(
        f"/v1/customers/{ada['id']}/holds",
        json={"reason": "Case 4711"},
        headers=if_match(EVENTS + 1),
    )
    assert held.status_code in {200, 201}, held.text
    lanes = ExplainingLanes(await house.lanes(house.databases.truth_dsn, "api", 1))
    store = EventStore(cast("Lanes", lanes), "customers", house.topic.partitions)
    outline = await CustomerOutlines(store).load(UUID(ada["id"]))
    assert (outline.version, len(outline.customer.holds)) == (EVENTS + 2, 1)
    plan = lanes.plans[-1]
    assert "events_of_erasures" in plan, plan
    assert "Rows Removed by Filter" not in plan, plan
