"""Refusals of any service reach whoever watches, within seconds, and old ones alarm nobody."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.permissions.streams.habits import Habits, UnusualSettings
from services.permissions.streams.unusual import UnusualAccess, seen_in
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import UnavailableError
from shared.events import Event
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.record_types import ErrorRecorded, RefusalRecorded
from shared.messaging.headers import ReceivedEvent
from shared.messaging.publishing import Derived, Publisher
from shared.messaging.topics import Topic
from shared.observability.metrics import UNMEASURED
from shared.settings import KafkaSettings
from shared.testing.clock import TurnableClock
from tests.customers.api.asking import register
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Databases
from tests.permissions.streams.watching import Watched, watched

OSCAR, BOB = DEMO_PEOPLE["oscar"].subject, DEMO_PEOPLE["bob"].subject
SETTINGS = UnusualSettings(reads_a_minute=5, refusals_a_minute=10, day_begins=0, day_ends=24)


class Told(Publisher):
    """A publisher that keeps what it is given, unless Kafka is away."""

    def __init__(self) -> None:
        super().__init__(KafkaSettings(), Topic("nowhere", 12), "permissions")
        self.alerts: list[Derived] = []
        self.is_away = False

    async def publish(self, events: Sequence[Derived]) -> None:
        """Keep them."""
        if self.is_away:
            raise UnavailableError("away")
        self.alerts += events


def a_record(event: Event, at: datetime, actor: str = OSCAR) -> ReceivedEvent:
    return ReceivedEvent(
        "/daybook/customers", 1, "daybook.access.v1", 0, 0, 1, 1, 1, str(uuid4()),
        type(event).__name__, event.schema_version, "records-x", 1, "x", at.isoformat(), None,
        event.model_dump_json(exclude_none=True).encode(), actor,
    )  # fmt: skip


def refusals(times: int) -> RefusalRecorded:
    return RefusalRecorded(
        operation="get_customer", route="/v1/customers/{customer_id}", permission="customer:read",
        status=403, code="not-permitted", times=times,
    )  # fmt: skip


async def test_what_was_found_stays_until_kafka_took_it_and_is_told_once() -> None:
    clock, told = TurnableClock(), Told()
    unusual = UnusualAccess(Habits(SETTINGS), told, clock, UNMEASURED)
    await unusual.take(a_record(refusals(10), clock.now()))
    told.is_away = True
    with pytest.raises(UnavailableError):
        await unusual.flush()
    told.is_away = False
    await unusual.flush()
    await unusual.flush()
    [alert] = told.alerts
    assert (alert.subject, alert.event.type) == (OSCAR, "UnusualAccessSeen")


async def test_a_log_that_is_filled_again_alarms_nobody() -> None:
    clock, told = TurnableClock(), Told()
    unusual = UnusualAccess(Habits(SETTINGS), told, clock, UNMEASURED)
    await unusual.take(a_record(refusals(1_000), clock.now() - timedelta(minutes=11)))
    await unusual.flush()
    assert told.alerts == []


def test_each_kind_of_refusal_counts_and_nothing_else_does() -> None:
    at = TurnableClock().now()
    refused = {"subject": "ben", "permission": "customer:read", "is_allowed": False, "code": "x"}
    made = {"epoch": 1, "position": 1, "decided_at": at}
    counted = {"times": 7, "first_at": at, "last_at": at}
    error = ErrorRecorded(operation="o", route="r", error="E", module="m", line=1)
    found = [
        (one.subject, one.refusals) if (one := seen_in(a_record(each, at))) is not None else None
        for each in (
            refusals(3),
            DecisionRecorded(**refused, **made),
            DecisionRecorded(**(refused | {"is_allowed": True}), **made),
            DecisionsCounted(**refused, **counted),
            DecisionsCounted(**(refused | {"is_allowed": True}), **counted),
            DecisionRecorded(**refused, **made, asked_by="gateway"),
            DecisionsCounted(**refused, **counted, asked_by="gateway"),
            error,
        )
    ]
    assert found == [(OSCAR, 3), ("ben", 1), None, ("ben", 7), None, None, None, None]


@asynccontextmanager
async def a_watched_house(
    databases: Databases, broker: Broker
) -> AsyncIterator[tuple[House, Watched]]:
    """Have a house for a while, with a stream that looks at its records."""
    async with a_house(databases, broker.settings) as house:
        house.run(await house.new_relay(house.access))
        source = house.followed.source
        async with watched(house.kafka, house.access, source, SETTINGS, house.clock) as seen:
            yield house, seen


async def test_somebody_who_is_refused_again_and_again_is_told_of(
    databases: Databases, broker: Broker
) -> None:
    async with a_watched_house(databases, broker) as (house, seen):
        oscar = house.client("oscar")
        for _ in range(12):
            assert (await oscar.get(f"/v1/customers/{uuid4()}")).status_code == 403
        alert = await seen.alert("refusals")
    assert (alert["subject"], alert["operations"]) == (OSCAR, ["get_customer"])


async def test_somebody_who_exports_many_at_once_is_told_of(
    databases: Databases, broker: Broker
) -> None:
    async with a_watched_house(databases, broker) as (house, seen):
        await house.start()
        for number in range(6):
            await register(house.client("alice"), f"Ada {number}", f"a{number}@x.example")
        await house.caught_up()
        answer = await house.client("bob").get("/v1/exported-customers")
        assert len(answer.text.splitlines()) == 7
        alert = await seen.alert("mass_reads")
    assert (alert["subject"], alert["count"]) == (BOB, 7)
    assert alert["operations"] == ["export_customers"]
