"""While a file is imported, nobody's change waits behind the whole of it."""

import asyncio
from uuid import UUID

import pytest

from services.customers.application.importing import turns
from services.customers.application.importing.turns import Turns
from shared.postgres.lanes import Lanes
from shared.projecting.marks import Followed, Mark
from shared.projecting.watching import MarkWatcher
from shared.testing.waiting import until
from tests.customers.importing.handing_in import Desk, a_desk, lines
from tests.ground.house import SERVICE, House
from tests.ground.workers import a_worker

FILE = lines("name", *(f"Person {n}" for n in range(10)))
DONE = "select rows from imports where id = $1"


class Awaited(MarkWatcher):
    """A watcher that tells when somebody waits for the read model."""

    def __init__(self, lanes: Lanes, followed: Followed) -> None:
        super().__init__(lanes, followed, SERVICE)
        self.is_awaited = asyncio.Event()

    async def wait_for_move(self, since: dict[int, Mark], seconds: float) -> dict[int, Mark]:
        self.is_awaited.set()
        return await super().wait_for_move(since, seconds)


async def watched(house: House) -> Awaited:
    """Return a watcher with the rights of a worker, running."""
    watcher = Awaited(await house.lanes(house.databases.views_dsn, "worker", 1), house.followed)
    house.run(watcher)
    await until(lambda: watcher.is_informed, what="the marks")
    return watcher


async def ended(desk: Desk, import_id: str) -> None:
    async def is_done() -> bool:
        return bool((await desk.told(import_id))["state"] == "done")

    await until(is_done, what="that the import ends")


async def test_the_next_rows_are_written_when_the_read_model_has_the_last_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "STANDS_AFTER_SECONDS", 600.0)
    desk = await a_desk(house)
    told = await desk.hand_in(FILE)
    watcher = await watched(house)
    house.run(await a_worker(house, 2, Turns(watcher)))
    await until(watcher.is_awaited.is_set, what="that the import waits for the read model")
    assert (await house.ask("truth", DONE, UUID(told["id"])))[0][0] == 2
    await house.start()
    await ended(desk, told["id"])
    await house.caught_up()
    assert len(await house.directory_rows()) == 10


async def test_a_read_model_that_stands_holds_up_no_import(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "STANDS_AFTER_SECONDS", 0.01)
    desk = await a_desk(house)
    told = await desk.hand_in(FILE)
    watcher = await watched(house)
    house.run(await a_worker(house, 2, Turns(watcher)))
    await until(watcher.is_awaited.is_set, what="that the import waits for the read model")
    # What stood once is not waited for again until it moves.
    monkeypatch.setattr(turns, "STANDS_AFTER_SECONDS", 600.0)
    await ended(desk, told["id"])
