"""A read model of another service's events is measured by what that service says it has."""

from dataclasses import dataclass, field

import httpx
import pytest

from services.permissions.roles.service import FOLLOWED_CUSTOMERS
from shared.messaging.topics import CUSTOMERS
from shared.projecting.elsewhere import SeenMarks, SourceLag, WayElsewhere
from shared.projecting.lag import WayLag
from shared.testing.clock import TurnableClock
from tests.ground.house import House
from tests.permissions.views import make_read_models

MARK = """insert into projection_marks as m (projection, version, source, topic, partition, epoch,
        feed_position) values ('customer_owners', 1, $1, $2, $3, $4, $5)
    on conflict (projection, version, source, topic, partition)
    do update set epoch = excluded.epoch, feed_position = excluded.feed_position"""


@dataclass
class Source:
    """The other service: what it says, and how often it was asked."""

    stored: dict[int, int]
    epoch: int = 1
    status: int = 200
    asked: int = 0
    forgotten: list[str] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        assert request.headers["Authorization"] == "Bearer its-own"
        relay = [
            {"topic": CUSTOMERS.name, "partition": p, "stored": n} for p, n in self.stored.items()
        ]
        return httpx.Response(self.status, json={"epoch": self.epoch, "relay": relay})


@dataclass(frozen=True, slots=True)
class Measured:
    house: House
    source: Source
    clock: TurnableClock
    way: WayElsewhere

    async def has_applied(self, partition: int, events: int, epoch: int = 1) -> None:
        its = FOLLOWED_CUSTOMERS
        await self.house.ask("views", MARK, its.source, its.topic, partition, epoch, events)

    async def after(self, seconds: float) -> WayLag:
        self.clock.turn(seconds)
        return await self.way.measure()


@pytest.fixture
async def measured(house: House) -> Measured:
    await make_read_models(house.databases)
    source, clock = Source({0: 5, 1: 2}), TurnableClock()
    transport = httpx.MockTransport(source.answer)
    http = httpx.AsyncClient(transport=transport)

    async def token() -> str:
        return "its-own"

    asks = SourceLag(http, "http://customers/", token, lambda: source.forgotten.append(""), clock)
    views = await house.lanes(house.databases.views_dsn, "api", 1)
    way = WayElsewhere(asks, SeenMarks(views, FOLLOWED_CUSTOMERS), clock)
    return Measured(house, source, clock, way)


async def test_what_is_not_applied_waits_since_it_was_seen_and_is_counted(
    measured: Measured,
) -> None:
    await measured.has_applied(1, 2)
    first = await measured.way.measure()
    assert (first.state, first.behind, first.seconds) == ("live", 5, 0.0)
    assert first.name == "Kafka → customer_owners"
    later = await measured.after(7)
    assert (later.behind, later.seconds) == (5, 7.0)
    await measured.has_applied(0, 5)
    level = await measured.after(6)
    assert (level.behind, level.seconds, level.since) == (0, 0.0, None)


async def test_the_other_service_is_asked_every_five_seconds_at_most(measured: Measured) -> None:
    for _ in range(4):
        await measured.after(1)
    assert measured.source.asked == 1
    await measured.after(4)
    assert measured.source.asked == 2


async def test_a_service_that_does_not_say_is_never_taken_for_level(measured: Measured) -> None:
    measured.source.status = 401
    unknown = await measured.way.measure()
    assert (unknown.state, unknown.partitions) == ("unknown", [])
    assert measured.source.forgotten == [""], "the next try asks for another token"
    measured.source.status = 200
    assert (await measured.after(6)).state == "live"
    measured.source.status = 503
    last = await measured.after(6)
    assert (last.state, last.behind, last.seconds) == ("unknown", 7, 6.0)
    assert all(part.is_at_least for part in last.partitions)


async def test_a_read_model_of_an_earlier_life_of_that_store_has_nothing_of_this_one(
    measured: Measured,
) -> None:
    await measured.has_applied(0, 5)
    measured.source.epoch = 2
    way = await measured.way.measure()
    assert (way.state, way.behind) == ("rebuilding", 7)
