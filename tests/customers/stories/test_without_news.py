"""Where no news of permissions comes, what runs ends within the limit of its risk, and says why."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from services.customers.api import exporting
from services.customers.application.importing.turns import Turns
from shared.errors import UndecidedError
from shared.web import downloads
from tests.customers.api.asking import Json, assert_problem, read
from tests.customers.api.connections import Connection
from tests.customers.api.listening import COMES_WITHIN_SECONDS, listening, until_the_end
from tests.customers.importing.handing_in import CSV, counts, lines
from tests.customers.shipped import IDS
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.replicas import News
from tests.ground.servers import Databases
from tests.ground.workers import a_worker

WATCH, EXPORT, IMPORT = "customer:watch", "customer:export", "customer:import"
LEASES_RUN_OUT = "update imports set lease_until = '-infinity'"


@pytest.fixture
def news() -> News:
    return News()


@pytest.fixture
async def house(databases: Databases, broker: Broker, news: News) -> AsyncIterator[House]:
    async with a_house(databases, broker.settings, decisions=news.replica) as house:
        yield house


async def register(house: House, name: str) -> Json:
    body = {"kind": "person", "name": name, "owner": IDS["alice"]}
    its = read(await house.client("erin").post("/v1/customers", json=body))
    await house.caught_up()
    return its


def assert_may_be_tried_again(answer: httpx.Response) -> None:
    problem = assert_problem(answer, 503, "undecided")
    assert (problem["reason"], answer.headers["retry-after"]) == ("stale", "1")
    assert "operator" in problem["who_can_help"]


async def test_a_watch_ends_and_says_that_it_may_be_taken_up_again(
    house: House, news: News
) -> None:
    await house.start()
    async with listening(house, "alice") as watch:
        assert await watch.next() is not None
        news.stay_away(news.replica.world.limits[WATCH])
        before = await register(house, "Before")
        (told,) = await watch.changes(1)
        assert told.data is not None
        assert told.data["id"] == before["id"], "until the limit it goes on"
        news.stay_away_too_long(WATCH)
        (ended,) = await until_the_end(watch)
    assert ended.event == "ended"
    assert ended.data is not None
    assert {name: ended.data[name] for name in ("code", "reason", "retry_after_seconds")} == {
        "code": "undecided", "reason": "stale", "retry_after_seconds": 1,
    }  # fmt: skip
    assert "operator" in ended.data["who_can_help"]
    assert ended.data["fix"]
    assert_may_be_tried_again(await house.client("alice").get("/v1/watch"))
    news.come()
    after = await register(house, "After")
    async with listening(house, "alice", after=told.id) as watch:
        (missed,) = await watch.changes(1)
        assert missed.data is not None
        assert missed.data["id"] == after["id"]


async def test_an_export_breaks_off_whether_its_reader_takes_the_rest_or_not(
    house: House, news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 1)
    await house.start()
    for number in range(3):
        await register(house, f"Ada {number}")
    taking, stuck = [Connection(house, "bob", "/v1/exported-customers", b"Ada 0") for _ in range(2)]
    running = [asyncio.create_task(one.run()) for one in (taking, stuck)]
    for one in (taking, stuck):
        await one.is_full.wait()
    news.stay_away(news.replica.world.limits[EXPORT])
    taking.goes_on(b"Ada 1")
    await taking.is_full.wait()
    news.stay_away_too_long(EXPORT)
    taking.goes_on()
    for download in running:
        with pytest.raises(UndecidedError) as cut:
            await asyncio.wait_for(download, COMES_WITHIN_SECONDS)
        assert cut.value.reason == "stale"
    assert [sum(piece.count(b"Ada") for piece in one.sent) for one in (taking, stuck)] == [2, 1]
    bob = house.client("bob")
    assert_may_be_tried_again(await bob.get("/v1/exported-customers"))
    news.come()
    assert (await bob.get("/v1/exported-customers")).text.count("Ada") == 3
    await house.recorder.close()
    decided = await house.ask("truth", "select data from records where type = 'DecisionRecorded'")
    refused = [orjson.loads(row["data"]) for row in decided]
    assert {one["permission"] for one in refused if one["code"] == "stale"} == {EXPORT}


class NoNewsMeanwhile(Turns):
    """News stays away when the first batch is written; after that all goes on."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._has_been = False

    async def has_come(self, _written: object) -> bool:
        """Have the turn come."""
        if not self._has_been:
            self._news.stay_away_too_long(IMPORT)
            self._has_been = True
        return True


class Importing:
    """An import of six rows by a worker that is cut off when two are written."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.news = News()

    async def begin(self) -> None:
        """Hand it in, and work on it until it waits."""
        self.worker = await a_worker(
            self.house, 2, NoNewsMeanwhile(self.news), decisions=self.news.replica
        )
        file = lines("name", *(f"Ada {number}" for number in range(6))).encode()
        answer = await self.house.client("erin").post("/v1/imports", content=file, headers=CSV)
        self._path = f"/v1/imports/{read(answer)['id']}"
        for _ in range(2):  # and once more, in vain
            with pytest.raises(UndecidedError):
                await self.goes_on()

    async def goes_on(self) -> bool:
        """Take it up as the next worker does when the lease of the last one is over."""
        await self.house.ask("truth", LEASES_RUN_OUT)
        return await self.worker.work_off_one()

    async def told(self) -> Json:
        """Return how far it is."""
        return read(await self.house.client("erin").get(self._path))

    async def names(self) -> Counter[str | None]:
        """Return the names of all customers there are, and how often."""
        return Counter(row.name for row in await self.house.fold_all())


async def test_an_import_waits_and_says_why_and_no_row_is_lost_or_written_twice(
    house: House,
) -> None:
    its = Importing(house)
    await its.begin()
    told = await its.told()
    assert (told["state"], told["rows"], counts(told)) == ("running", 2, [2, 0, 0, 0])
    assert told["problem"]["reason"] == "stale"
    assert "goes on by itself" in told["problem"]["fix"]
    assert "operator" in told["problem"]["who_can_help"]
    assert len(await its.names()) == 2
    its.news.come()
    assert await its.goes_on()
    told = await its.told()
    assert (told["state"], counts(told), told["problem"]) == ("done", [6, 0, 0, 0], None)
    assert await its.names() == Counter(f"Ada {number}" for number in range(6))


async def test_the_rows_to_come_are_told_to_be_not_done_if_it_was_a_leaving_that_was_not_heard_of(
    house: House,
) -> None:
    its = Importing(house)
    await its.begin()
    its.news.tell("erin", "SubjectSuspended")
    its.news.come()
    assert await its.goes_on()
    told = await its.told()
    assert (told["state"], told["rows"], counts(told)) == ("stopped", 2, [2, 0, 0, 0])
    assert told["problem"]["reason"] == "inactive_subject"
    assert len(await its.names()) == 2


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let looks at whoever takes nothing follow each other at once."""
    monkeypatch.setattr(downloads, "LOOK_SECONDS", 0.01)
