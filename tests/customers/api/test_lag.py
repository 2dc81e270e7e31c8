"""GET /v1/lag: who is behind whom."""

import pytest

from services.customers.projections.activity_daily import NAME as ACTIVITY_DAILY
from services.customers.projections.directory import NAME as DIRECTORY
from tests.customers.api.asking import (
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    read,
    register,
)
from tests.ground.house import House, a_house


class TestGetLag:
    async def test_nobody_asks_for_the_lag_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().get("/v1/lag"))

    @pytest.mark.parametrize("person", ["alice", "bob", "carol", "dave", "petra", "billing"])
    async def test_who_may_not_ask_for_the_lag_is_not_told(self, house: House, person: str) -> None:
        assert_not_permitted(await house.client(person).get("/v1/lag"))

    @pytest.mark.parametrize("person", ["erin", "oscar"])
    async def test_where_everything_arrived_nothing_is_behind(
        self, house: House, person: str
    ) -> None:
        await register(house.client("alice"))
        await house.caught_up()
        lag = read(await house.client(person).get("/v1/lag"))
        assert (lag["service"], lag["epoch"]) == ("customers", 1)
        relay = [row for row in lag["relay"] if row["topic"] == house.topic.name]
        assert [row["partition"] for row in relay] == list(range(12))
        assert _behind(relay) == 0
        projection = lag["projections"][0]
        assert projection["name"] == DIRECTORY
        assert _behind(projection["partitions"]) == 0
        stored = await house.stored()
        assert {row["partition"]: row["stored"] for row in relay if row["stored"]} == stored
        assert lag["horizon"].keys() == {"lag_ms", "blocking_pid"}

    async def test_the_last_canary_is_told_with_its_age(self, house: House) -> None:
        oscar = house.client("oscar")
        assert read(await oscar.get("/v1/lag"))["canary"] is None
        house.canary.last = await house.canary.send()
        canary = read(await oscar.get("/v1/lag"))["canary"]
        assert canary["trip_ms"] > 0
        assert 0 <= canary["age_seconds"] < 60

    async def test_what_was_stored_and_not_sent_is_behind(self, house: House) -> None:
        async with a_house(house.databases, house.kafka, house.topic) as other:
            # The house's relay sends what its own api stored; this app has seen no mark yet.
            await register(other.client("alice"))
            lag = read(await other.client("oscar").get("/v1/lag"))
        assert lag["projections"] == [
            {"name": name, "state": "live", "partitions": []}
            for name in (DIRECTORY, ACTIVITY_DAILY)
        ]


def _behind(rows: list[Json]) -> int:
    return sum(int(row["behind"]) for row in rows)
