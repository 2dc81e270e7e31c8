"""GET /v1/feed and /v1/feed/digest: the service's own log, as it was written."""

from hashlib import sha256
from uuid import UUID

import orjson
import pytest

from shared.eventstore.partitioning import partition_of
from tests.customers.api.asking import (
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    read,
    register,
    rename,
)
from tests.ground.house import House

FEED, DIGEST = "/v1/feed", "/v1/feed/digest"
BOTH = pytest.mark.parametrize("path", [FEED, DIGEST])
PARTITIONS = 12


def place(house: House, partition: int = 0, **more: object) -> dict[str, str]:
    """Return the query of one partition of the house's own topic."""
    return {"topic": house.topic.name, "partition": str(partition)} | {
        name: str(value) for name, value in more.items()
    }


async def three_events(house: House) -> tuple[Json, int]:
    """Register somebody and rename them twice; return them and their partition."""
    alice = house.client("alice")
    ada = await register(alice, "Ada", "ada@work.example")
    ada = await rename(alice, ada, "Ada King")
    ada = await rename(alice, ada, "Ada Byron")
    return ada, partition_of(ada["id"], PARTITIONS)


@BOTH
class TestEither:
    async def test_nobody_reads_the_feed_without_signing_in(self, house: House, path: str) -> None:
        assert_not_signed_in(await house.anonymous().get(path, params=place(house)))

    @pytest.mark.parametrize("person", ["alice", "bob", "carol", "erin", "oscar", "petra"])
    async def test_who_may_not_read_the_feed_does_not(
        self, house: House, path: str, person: str
    ) -> None:
        assert_not_permitted(await house.client(person).get(path, params=place(house)))

    async def test_records_are_for_those_who_may_read_records(
        self, house: House, path: str
    ) -> None:
        its = {"topic": house.access.name, "partition": "0"}
        answer = await house.client("billing").get(path, params=its)
        assert_not_permitted(answer)
        assert "access_record:read" in answer.json()["detail"]
        answer = await house.client("dave").get(path, params=its)
        assert (answer.status_code, answer.json()["topic"]) == (200, house.access.name)

    @pytest.mark.parametrize("topic", ["", "daybook.audit.v1", "daybook.customers.v1 ", "%00"])
    async def test_a_topic_of_somebody_else_is_refused(
        self, house: House, path: str, topic: str
    ) -> None:
        answer = await house.client("dave").get(f"{path}?topic={topic}&partition=0")
        problem = assert_problem(answer, 422, "invalid-input", field="topic")
        assert house.topic.name in problem["fix"]

    async def test_without_a_topic_nothing_is_read(self, house: House, path: str) -> None:
        answer = await house.client("dave").get(path, params={"partition": "0"})
        assert_problem(answer, 422, "invalid-input", field="topic")

    @pytest.mark.parametrize("partition", ["-1", "12", "x", "", "9" * 18, "9" * 19, "1.0"])
    async def test_a_partition_that_there_is_not_is_refused(
        self, house: House, path: str, partition: str
    ) -> None:
        query = place(house) | {"partition": partition}
        answer = await house.client("dave").get(path, params=query)
        assert_problem(answer, 422, "invalid-input", field="partition")

    async def test_without_a_partition_nothing_is_read(self, house: House, path: str) -> None:
        answer = await house.client("dave").get(path, params={"topic": house.topic.name})
        assert_problem(answer, 422, "invalid-input", field="partition")

    @pytest.mark.parametrize("start", ["0", "-5", "x", "", "1e3"])
    async def test_a_place_that_is_none_is_refused(
        self, house: House, path: str, start: str
    ) -> None:
        query = place(house) | {"from": start}
        answer = await house.client("dave").get(path, params=query)
        assert_problem(answer, 422, "invalid-input", field="from")

    @pytest.mark.parametrize("start", [10**6, 10**18 - 1])
    async def test_behind_the_end_there_is_nothing(
        self, house: House, path: str, start: int
    ) -> None:
        query = place(house, **{"from": start})
        answer = await house.client("dave").get(path, params=query)
        assert read(answer)["items"] == []


class TestReadFeed:
    @pytest.mark.parametrize("size", ["0", "-1", "x"])
    async def test_what_is_no_page_size_is_refused(self, house: House, size: str) -> None:
        answer = await house.client("dave").get(FEED, params=place(house, page_size=size))
        assert_problem(answer, 422, "invalid-input", field="page_size")

    @pytest.mark.parametrize("person", ["dave", "billing"])
    async def test_events_come_in_order_and_as_they_were_stored(
        self, house: House, person: str
    ) -> None:
        ada, partition = await three_events(house)
        answer = await house.client(person).get(FEED, params=place(house, partition))
        page = read(answer)
        positions = [item["feed_position"] for item in page["items"]]
        assert positions == list(range(1, len(positions) + 1))
        assert page["next_from"] == len(positions) + 1
        assert (page["topic"], page["partition"], page["epoch"]) == (
            house.topic.name, partition, 1,
        )  # fmt: skip
        mine = [item for item in page["items"] if item["subject"] == ada["id"]]
        assert [(item["type"], item["version"]) for item in mine] == [
            ("CustomerRegistered", 1),
            ("CustomerRenamed", 2),
            ("CustomerRenamed", 3),
        ]
        stored = await house.store.load(f"customer-{ada['id']}")
        for item, event in zip(mine, stored, strict=True):
            assert item["event_id"] == str(event.event_id)
            assert item["store_position"] == f"{event.txid}:{event.position}"
            assert event.data in answer.content

    async def test_the_feed_holds_no_personal_data_in_the_clear(self, house: House) -> None:
        _, partition = await three_events(house)
        answer = await house.client("dave").get(FEED, params=place(house, partition))
        # Nothing shorter: three letters stand somewhere in a ciphertext now and then.
        for personal in ("Ada King", "Ada Byron", "ada@work.example"):
            assert personal not in answer.text

    async def test_it_is_read_on_from_where_the_last_page_ended(self, house: House) -> None:
        _, partition = await three_events(house)
        dave = house.client("dave")
        whole = read(await dave.get(FEED, params=place(house, partition)))["items"]
        parts = []
        start = 1
        while page := read(
            await dave.get(FEED, params=place(house, partition, page_size=2) | {"from": str(start)})
        ):
            if not page["items"]:
                break
            parts += page["items"]
            start = page["next_from"]
        assert parts == whole
        assert page["next_from"] == len(whole) + 1

    async def test_a_page_holds_at_most_a_thousand_events(self, house: House) -> None:
        answer = await house.client("dave").get(FEED, params=place(house, page_size=10**9))
        assert answer.status_code == 200


class TestDigestFeed:
    @pytest.mark.parametrize(("start", "end"), [(5, 4), (1, 100_001), (1, 10**17)])
    async def test_a_range_that_is_none_or_too_long_is_refused(
        self, house: House, start: int, end: int
    ) -> None:
        query = place(house, to=end) | {"from": str(start)}
        answer = await house.client("dave").get(DIGEST, params=query)
        assert_problem(answer, 422, "invalid-input", field="to")

    @pytest.mark.parametrize("person", ["dave", "billing"])
    async def test_a_digest_is_over_ids_and_values_of_the_feed(
        self, house: House, person: str
    ) -> None:
        ada, partition = await three_events(house)
        client = house.client(person)
        feed = await client.get(FEED, params=place(house, partition))
        events = [
            event
            for item in orjson.loads(feed.content)["items"]
            for event in await house.store.load(item["stream"])
            if event.version == item["version"]
        ]
        expected = sha256(
            b"".join(UUID(str(e.event_id)).bytes + sha256(e.data).digest() for e in events)
        )
        page = read(await client.get(DIGEST, params=place(house, partition)))
        assert page["items"] == [
            {"from": 1, "to": len(events), "count": len(events), "sha256": expected.hexdigest()}
        ]
        assert (page["topic"], page["partition"], page["epoch"]) == (
            house.topic.name, partition, 1,
        )  # fmt: skip
        assert ada["id"] not in str(page)

    async def test_a_shorter_range_has_a_digest_of_its_own(self, house: House) -> None:
        _, partition = await three_events(house)
        dave = house.client("dave")
        whole = read(await dave.get(DIGEST, params=place(house, partition)))["items"][0]
        part = read(await dave.get(DIGEST, params=place(house, partition, to=2)))["items"][0]
        assert (part["from"], part["to"], part["count"]) == (1, 2, 2)
        assert part["sha256"] != whole["sha256"]
