"""/v1/consumers: registered consumers say how far they are, operators see who is behind."""

import pytest
import pytest_asyncio

from shared.authorization.people import DEMO_PEOPLE
from tests.customers.api.asking import (
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    read,
    register,
)
from tests.ground.consumers import billing_of
from tests.ground.house import House

SEEN = "/v1/consumers/billing/seen"
MARK: Json = {"partition": 3, "epoch": 1, "feed_position": 0}
BODY: Json = {"version": "1.4", "marks": [MARK]}


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nobody_was_heard_of(house: House) -> None:
    """Let billing alone be registered, and never have reported."""
    await house.ask("views", "delete from consumer_marks")
    house.consumers.clear()
    house.consumers["billing"] = billing_of(house.topic)


async def topic_of_billing(house: House) -> Json:
    """Return what an operator sees of billing and the one topic that it reads."""
    (item,) = read(await house.client("oscar").get("/v1/consumers"))["items"]
    assert item["name"] == "billing"
    (topic,) = item["topics"]
    assert isinstance(topic, dict)
    return topic


async def all_marks(house: House) -> list[Json]:
    """Return the marks of a consumer that has read everything."""
    return [
        {"partition": partition, "epoch": 1, "feed_position": position}
        for partition, position in (await house.feed.ends(12)).items()
    ]


class TestReportConsumer:
    async def test_nobody_reports_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().put(SEEN, json=BODY))

    @pytest.mark.parametrize("person", ["alice", "erin", "oscar", "dave"])
    async def test_who_is_no_subscriber_does_not_report(self, house: House, person: str) -> None:
        assert_not_permitted(await house.client(person).put(SEEN, json=BODY))

    async def test_who_is_not_registered_is_told_how_to_register(self, house: House) -> None:
        answer = await house.client("billing").put("/v1/consumers/printer/seen", json=BODY)
        problem = assert_problem(answer, 404, "consumer-not-registered")
        assert "docs/contracts/consumers/NAME.json" in problem["fix"]

    async def test_nobody_reports_for_another_consumer(self, house: House) -> None:
        house.consumers["printer"] = house.consumers["billing"].model_copy(
            update={"name": "printer", "account": DEMO_PEOPLE["customers"].subject}
        )
        answer = await house.client("billing").put("/v1/consumers/printer/seen", json=BODY)
        problem = assert_problem(answer, 403, "not-permitted")
        assert "Finance systems" in problem["who_can_help"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"marks": []},
            {"marks": [MARK, MARK]},
            {"marks": [MARK | {"partition": 12}]},
            {"marks": [MARK | {"feed_position": -1}]},
            {"topic": "daybook.moods.v1"},
            {"version": ""},
            {"lag": 7},
        ],
    )
    async def test_what_cannot_be_read_is_refused(self, house: House, wrong: Json) -> None:
        answer = await house.client("billing").put(SEEN, json=BODY | wrong)
        assert answer.status_code == 422
        assert "fix" in answer.json() or "errors" in answer.json()
        assert (await topic_of_billing(house))["state"] == "never-seen"

    async def test_a_report_may_name_its_topic_or_not(self, house: House) -> None:
        billing = house.client("billing")
        for body in (BODY, BODY | {"topic": house.topic.name}):
            answer = await billing.put(SEEN, json=body)
            assert (answer.status_code, answer.content) == (204, b"")


class TestListConsumers:
    async def test_nobody_lists_them_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().get("/v1/consumers"))

    @pytest.mark.parametrize("person", ["alice", "bob", "carol", "dave", "petra", "billing"])
    async def test_who_may_not_is_not_told(self, house: House, person: str) -> None:
        assert_not_permitted(await house.client(person).get("/v1/consumers"))

    async def test_who_never_reported_is_said_to_be_never_seen(self, house: House) -> None:
        (item,) = read(await house.client("erin").get("/v1/consumers"))["items"]
        assert item["owner"]["team"] == "Finance systems"
        assert item["version"] == "1.0"
        (topic,) = item["topics"]
        assert topic["topic"] == house.topic.name
        assert topic["reads"]["CustomerRenamed"] == ["personal.name"]
        assert topic["state"] == "never-seen"
        assert topic["lag_events"] is topic["last_seen"] is topic["age_seconds"] is None

    async def test_the_lag_is_what_lies_behind_the_marks_and_no_guess(self, house: House) -> None:
        alice, billing = house.client("alice"), house.client("billing")
        await register(alice)
        marks = await all_marks(house)
        assert sum(mark["feed_position"] for mark in marks) >= 1
        await billing.put(SEEN, json={"version": "1.4", "marks": marks})
        topic = await topic_of_billing(house)
        assert (topic["state"], topic["lag_events"]) == ("reading", 0)
        assert topic["running_versions"] == ["1.4"]
        for _ in range(3):
            await register(alice)
        assert (await topic_of_billing(house))["lag_events"] == 3

    async def test_silence_is_told_however_small_the_lag_was(self, house: House) -> None:
        marks = await all_marks(house)
        await house.client("billing").put(SEEN, json={"version": "1", "marks": marks})
        assert (await topic_of_billing(house))["state"] == "reading"
        house.clock.turn(181)
        topic = await topic_of_billing(house)
        assert (topic["state"], topic["lag_events"]) == ("silent", 0)
        assert topic["age_seconds"] >= 181

    async def test_several_processes_report_their_partitions_each(self, house: House) -> None:
        billing = house.client("billing")
        other = MARK | {"partition": 4}
        await billing.put(SEEN, json={"version": "1", "marks": [MARK]})
        house.clock.turn(181)
        await billing.put(SEEN, json={"version": "2", "marks": [other]})
        topic = await topic_of_billing(house)
        assert (topic["state"], topic["running_versions"]) == ("partly-silent", ["1", "2"])

    async def test_marks_beyond_the_end_of_the_feed_are_told(self, house: House) -> None:
        far = MARK | {"feed_position": 99}
        await house.client("billing").put(SEEN, json={"version": "1", "marks": [far]})
        assert (await topic_of_billing(house))["state"] == "ahead"

    async def test_a_consumer_of_topics_elsewhere_is_not_ours_to_show(self, house: House) -> None:
        billing = house.consumers["billing"]
        house.consumers["billing"] = billing.model_copy(update={"reads": {"daybook.sync.v1": {}}})
        assert read(await house.client("oscar").get("/v1/consumers"))["items"] == []
