"""The directory is compared with a fold of the store while writes go on, and mended."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.customers.projections.directory import Directory
from services.customers.projections.directory_rows import Entry
from shared.projecting import verifying
from shared.projecting.applied import AppliedEvent
from tests.customers.api.asking import Json, register, rename
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Databases
from tests.ground.taking import PoisonedDirectory, new_taker, ordered, stream_of

INSERT = """insert into directory_1.directory (id, kind, name, facets, is_archived,
    is_erased, version, registered_at, changed_at, sort_name, details)
    values ($1, 'person', 'Nobody', '{}', false, false, 1, now(), now(), 'nobody', '{}')"""


@pytest.fixture
async def house(databases: Databases, broker: Broker) -> AsyncIterator[House]:
    """Return a house that runs, whose projector takes orders."""
    async with a_house(databases, broker.settings) as its:
        its.directory = PoisonedDirectory()
        await its.start(runner=False)
        its.run(await its.new_runner())
        its.run(await new_taker(its))
        yield its


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a handful of customers be several pages."""
    monkeypatch.setattr(verifying, "PAGE", 3)
    monkeypatch.setattr(verifying, "PAUSE_BETWEEN_LOOKS_SECONDS", 0.05)


async def some_customers(house: House, number: int) -> list[Json]:
    """Return so many customers, each renamed once, in the order of their ids."""
    alice = house.client("alice")
    made = [await register(alice, f"C{n}", f"c{n}@example.org") for n in range(number)]
    renamed = [await rename(alice, each, f"D{n}") for n, each in enumerate(made)]
    await house.caught_up()
    return sorted(renamed, key=lambda each: str(each["id"]))


async def tamper(house: House, sql: str, *arguments: object) -> None:
    """Change the read model behind everybody's back."""
    await house.ask("views", sql, *arguments)


def told(order: Json) -> dict[str, Json]:
    """Return the differences by stream."""
    assert order["state"] == "done", order
    return {each["stream"]: each for each in order["result"]["differences"]}


async def test_where_nobody_touched_anything_nothing_differs(house: House) -> None:
    await some_customers(house, 7)
    order = await ordered(house, kind="verify")
    assert order["result"] == {
        "streams": 7, "differing": 0, "repaired": 0, "differences": [], "not_repaired": [],
    }  # fmt: skip


async def test_an_empty_read_model_of_an_empty_store_is_right(house: House) -> None:
    assert (await ordered(house, kind="verify"))["result"]["streams"] == 0
    await tamper(house, INSERT, uuid4())
    assert (await ordered(house, kind="verify"))["result"]["differing"] == 1


async def test_edited_missing_and_extra_rows_are_found_and_mended(house: House) -> None:
    customers = await some_customers(house, 8)
    edited, missing, behind, last = (UUID(customers[n]["id"]) for n in (0, 2, 4, 7))
    extra = [UUID(int=1), UUID(int=edited.int + 1), UUID(int=2**128 - 2)]
    table = "directory_1.directory"
    await tamper(house, f"update {table} set name = 'Mallory' where id = $1", edited)
    await tamper(house, f"delete from {table} where id = $1", missing)
    await tamper(house, f"update {table} set version = 1, sort_name = '' where id = $1", behind)
    await tamper(house, f"update {table} set details = '{{}}' where id = $1", last)
    for each in extra:
        await tamper(house, INSERT, each)
    found = told(await ordered(house, kind="verify", repair=True))
    assert {stream: (d["what"], d["fields"]) for stream, d in found.items()} == {
        stream_of(edited): ("differs", ["name"]),
        stream_of(missing): ("missing", []),
        stream_of(behind): ("differs", ["sort_name", "version"]),
        stream_of(last): ("differs", ["details"]),
        **{stream_of(each): ("extra", []) for each in extra},
    }
    assert (found[stream_of(behind)]["version"], found[stream_of(behind)]["version_of_fold"]) == (
        1, 2,
    )  # fmt: skip
    assert "Mallory" not in str(found)
    assert await house.directory_rows() == await house.fold_all()
    assert (await ordered(house, kind="verify"))["result"]["differing"] == 0


async def test_writes_that_go_on_are_no_difference(house: House) -> None:
    customers = await some_customers(house, 6)
    alice, stop = house.client("alice"), asyncio.Event()

    async def keep_writing() -> int:
        written, now = 0, customers
        while not stop.is_set():
            now = [await rename(alice, each, f"E{written} {n}") for n, each in enumerate(now)]
            await register(alice, f"New {written}")
            written += 1
        return written

    writing = asyncio.create_task(keep_writing())
    for _ in range(5):
        assert told(await ordered(house, kind="verify")) == {}
    stop.set()
    assert await writing > 0
    await house.caught_up()
    assert await house.directory_rows() == await house.fold_all()


async def test_a_repair_under_writes_ends_equal(house: House) -> None:
    customers = await some_customers(house, 6)
    alice, stop = house.client("alice"), asyncio.Event()

    async def keep_writing() -> None:
        now, n = customers, 0
        while not stop.is_set():
            n += 1
            now = [await rename(alice, each, f"F{n}") for each in now]

    writing = asyncio.create_task(keep_writing())
    streams = [stream_of(each["id"]) for each in customers]
    for _ in range(5):
        assert (await ordered(house, kind="repair", streams=streams))["state"] == "done"
    stop.set()
    await writing
    await house.caught_up()
    assert await house.ask("views", "table parked_streams") == []
    assert await house.directory_rows() == await house.fold_all()


class Slow(Directory):
    """Stands still once, when it has read the rows of a batch and not yet written them."""

    def __init__(self) -> None:
        self.has_read, self.may_write = asyncio.Event(), asyncio.Event()
        self.is_slow = False

    async def _known(
        self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]
    ) -> dict[str, Entry]:
        known = await super()._known(connection, events)
        if self.is_slow:
            self.is_slow = False
            self.has_read.set()
            await self.may_write.wait()
        return known


async def test_a_batch_never_writes_over_a_repair_what_it_read_before(house: House) -> None:
    (ada,) = await some_customers(house, 1)
    await house.stop()
    house.stopping.clear()
    slow = Slow()
    taker = await new_taker(house)
    house.directory = slow
    await house.start(runner=False)
    house.run(await house.new_runner())
    house.run(taker)
    table = "directory_1.directory"
    await tamper(house, f"update {table} set details = '{{}}' where id = $1", UUID(ada["id"]))
    slow.is_slow = True
    await rename(house.client("alice"), ada, "Ada")
    await slow.has_read.wait()
    assert (await ordered(house, kind="replay", stream=stream_of(ada["id"])))["state"] == "done"
    slow.may_write.set()
    await house.caught_up()
    assert await house.directory_rows() == await house.fold_all()


async def test_what_is_parked_is_no_difference_and_a_replay_mends_it(house: House) -> None:
    ada, _ = await some_customers(house, 2)
    assert isinstance(house.directory, PoisonedDirectory)
    house.directory.poison = {(ada["id"], "CustomerRenamed")}
    await rename(house.client("alice"), ada, "Ada")
    await house.caught_up()
    assert told(await ordered(house, kind="verify")) == {}
    failed = await ordered(house, kind="replay", stream=stream_of(ada["id"]))
    assert failed["state"] == "failed"
    assert "ValueError" in failed["error"]
    assert len(await house.ask("views", "table parked_events")) == 1
    house.directory.poison = set()
    assert (await ordered(house, kind="replay", stream=stream_of(ada["id"])))["state"] == "done"
    assert await house.ask("views", "table parked_streams") == []
    assert await house.directory_rows() == await house.fold_all()
    assert (await ordered(house, kind="replay", stream="note-1"))["state"] == "failed"


async def test_what_was_discarded_stays_so_in_a_replay_and_is_no_difference(house: House) -> None:
    ada, _ = await some_customers(house, 2)
    assert isinstance(house.directory, PoisonedDirectory)
    house.directory.poison = {(ada["id"], "CustomerRenamed")}
    ada = await rename(house.client("alice"), ada, "Ada")
    await house.caught_up()
    (head,) = await house.ask("views", "select event_id from parked_streams")
    stream = stream_of(ada["id"])
    body = {"kind": "discard", "stream": stream, "event_id": str(head["event_id"]), "reason": "x"}
    assert (await ordered(house, **body))["state"] == "done"
    assert told(await ordered(house, kind="verify")) == {}
    house.directory.poison = set()
    assert (await ordered(house, kind="replay", stream=stream))["state"] == "done"
    row = next(row for row in await house.directory_rows() if str(row.id) == ada["id"])
    assert (row.name != "Ada", row.version) == (True, 3)


async def test_an_erased_customer_is_no_difference_and_stays_erased(house: House) -> None:
    ada, _ = await some_customers(house, 2)
    await house.erasures.erase_customer(UUID(ada["id"]), actor="petra")
    await house.caught_up()
    assert told(await ordered(house, kind="verify")) == {}
    table = "directory_1.directory"
    await tamper(house, f"update {table} set name = 'Ada' where id = $1", UUID(ada["id"]))
    assert told(await ordered(house, kind="verify", repair=True)).keys() == {stream_of(ada["id"])}
    assert await house.directory_rows() == await house.fold_all()


async def test_a_read_model_of_another_life_of_the_store_is_not_compared(house: House) -> None:
    await some_customers(house, 1)
    await house.stop()
    house.stopping.clear()
    house.run(await new_taker(house))
    await house.ask("truth", "update store set epoch = 2")
    order = await ordered(house, kind="verify")
    assert order["state"] == "failed"
    assert "earlier epoch" in order["error"]


async def test_a_replay_of_a_stream_that_is_not_there_says_so(house: House) -> None:
    await some_customers(house, 1)
    for stream in (stream_of(uuid4()), stream_of("nobody")):
        order = await ordered(house, kind="replay", stream=stream)
        assert (order["state"], order["error"]) == ("failed", f"the store has no stream {stream}")
        assert "verify projections" in order["fix"]


async def test_a_version_that_follows_nothing_is_not_compared(house: House) -> None:
    await some_customers(house, 1)
    assert (await ordered(house, kind="verify", version=1))["state"] == "done"
    order = await ordered(house, kind="verify", version=99, repair=True)
    assert order["error"] == "version 99 of directory does not follow the events"
    assert "projections list" in order["fix"]


async def test_a_row_that_cannot_be_made_anew_is_named_and_stops_no_other(house: House) -> None:
    ada, *_ = await some_customers(house, 4)
    table = "directory_1.directory"
    await tamper(house, f"update {table} set details = '{{}}'")
    assert isinstance(house.directory, PoisonedDirectory)
    house.directory.poison = {(ada["id"], "CustomerRenamed")}
    result = (await ordered(house, kind="verify", repair=True))["result"]
    assert (result["differing"], result["repaired"]) == (4, 3)
    (left,) = result["not_repaired"]
    assert left["stream"] == stream_of(ada["id"])
    assert left["why"].startswith("ValueError at tests/ground/taking.py:")
    house.directory.poison = set()
    result = (await ordered(house, kind="verify", repair=True))["result"]
    assert (result["differing"], result["repaired"], result["not_repaired"]) == (1, 1, [])
    assert await house.directory_rows() == await house.fold_all()


async def test_a_version_that_is_dropped_while_it_is_compared_is_told_by_that_name(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some_customers(house, 4)
    await tamper(house, "select make_projection_version('directory', 'test')")
    await tamper(house, "select swap_projection_version('directory', 2, true)")
    page = verifying.Verifier.page

    async def then_it_is_dropped(self: verifying.Verifier, *arguments: object) -> verifying.Page:
        its = await page(self, *arguments)  # type: ignore[arg-type]
        await tamper(house, "select drop_projection_version('directory', 1)")
        return its

    monkeypatch.setattr(verifying.Verifier, "page", then_it_is_dropped)
    order = await ordered(house, kind="verify", version=1)
    assert order["error"] == "version 1 of directory was dropped meanwhile"
    assert "projections list" in order["fix"]
