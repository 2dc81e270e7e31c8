"""GET /v1/customers/{id}/journey: where one change is now."""

from datetime import datetime

import pytest

from services.customers.projections.directory import NAME as DIRECTORY
from tests.customers.api.asking import (
    NOBODY,
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    read,
    register,
    rename,
)
from tests.ground.house import House, a_house


def path_of(customer: Json) -> str:
    return f"/v1/customers/{customer['id']}/journey"


class TestGetCustomerJourney:
    async def test_nobody_follows_a_change_without_signing_in(self, house: House) -> None:
        ada = await register(house.client("alice"))
        assert_not_signed_in(await house.anonymous().get(path_of(ada)))

    @pytest.mark.parametrize("person", ["billing", "customers"])
    async def test_who_may_not_follow_changes_does_not(self, house: House, person: str) -> None:
        ada = await register(house.client("alice"))
        assert_not_permitted(await house.client(person).get(path_of(ada)))

    async def test_who_is_not_there_went_nowhere(self, house: House) -> None:
        answer = await house.client("alice").get(f"/v1/customers/{NOBODY}/journey")
        assert_problem(answer, 404, "customer-not-found")

    async def test_a_version_that_is_not_there_went_nowhere(self, house: House) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(f"{path_of(ada)}?version=2")
        assert_problem(answer, 404, "customer-not-found")

    @pytest.mark.parametrize("version", ["0", "-1", "x", ""])
    async def test_what_is_no_version_is_refused(self, house: House, version: str) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(f"{path_of(ada)}?version={version}")
        assert_problem(answer, 422, "invalid-input", field="version")

    @pytest.mark.parametrize("person", ["alice", "bob", "carol", "dave", "erin", "oscar", "petra"])
    async def test_a_change_that_is_everywhere_tells_how_long_each_hop_took(
        self, house: House, person: str
    ) -> None:
        ada = await register(house.client("alice"), "Ada", "ada@work.example")
        await house.caught_up()
        answer = await house.client(person).get(path_of(ada))
        journey = read(answer)
        directory = journey["read_models"][0]
        assert (journey["customer_id"], journey["version"]) == (ada["id"], 1)
        assert journey["feed_position"] >= 1
        assert directory["name"] == DIRECTORY
        stops = [journey["stored"], journey["kafka"], directory]
        assert [stop["state"] for stop in stops] == ["arrived"] * 3
        times = [datetime.fromisoformat(stop["at"]) for stop in stops]
        assert times == sorted(times)
        milliseconds = [stop["milliseconds"] for stop in stops]
        assert milliseconds == sorted(milliseconds)
        assert milliseconds[0] == 0
        assert "ada@work.example" not in answer.text

    async def test_without_a_version_the_newest_change_is_followed(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        await rename(alice, ada, "Ada King")
        await house.caught_up()
        newest = read(await alice.get(path_of(ada)))
        first = read(await alice.get(f"{path_of(ada)}?version=1"))
        assert (newest["version"], first["version"]) == (2, 1)
        assert newest["feed_position"] > first["feed_position"]
        assert newest["event_id"] != first["event_id"]

    async def test_a_change_older_than_seven_days_has_just_arrived(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        await house.caught_up()
        await house.ask("truth", "delete from relay_rounds")
        await house.ask("views", "delete from projection_batches")
        journey = read(await alice.get(path_of(ada)))
        arrived = {"state": "arrived", "at": None, "milliseconds": None}
        assert journey["kafka"] == arrived
        assert journey["read_models"] == [{"name": DIRECTORY, **arrived}]

    async def test_a_change_that_was_only_stored_waits_for_kafka_and_the_read_model(
        self, house: House
    ) -> None:
        async with a_house(house.databases, house.kafka) as silent:
            # Nothing carries this house's events: its topic is another one.
            alice = silent.client("alice")
            ada = await register(alice)
            journey = read(await alice.get(path_of(ada)))
        waiting = {"state": "waiting", "at": None, "milliseconds": None}
        assert journey["stored"]["state"] == "arrived"
        assert journey["kafka"] == waiting
        assert journey["read_models"] == [{"name": DIRECTORY, **waiting}]
