"""A rebuild that cannot go on says why, and goes on when it is ordered again."""

import asyncio
import random
from collections.abc import Sequence
from uuid import uuid4

import asyncpg
import pytest

from services.customers.projections.directory import Directory
from shared.projecting import pace, rebuild
from shared.projecting.applied import AppliedEvent
from shared.projecting.marks import MarkMovedError
from shared.projecting.rebuild import Rebuild
from shared.projecting.versions import settings_of
from shared.testing.waiting import until
from tests.customers.rebuilding import Rebuilding
from tests.ground.house import House
from tests.ground.projectors import new_projector


class Picky(Directory):
    """Cannot apply what is about one customer, while it is built anew."""

    def __init__(self) -> None:
        self.refuses: str | None = None

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        if self.refuses in {event.received.subject for event in events}:
            path = await connection.fetchval("show search_path")
            if "directory_2" in path:
                raise ValueError(self.refuses)
        await super().apply(connection, events)


@pytest.fixture
def picky() -> Picky:
    return Picky()


@pytest.fixture
async def rebuilding(house: House, dice: random.Random, picky: Picky) -> Rebuilding:
    projector = await new_projector(house, picky)
    await house.start(runner=False)
    house.run(projector)
    return Rebuilding(house, projector, dice)


async def problem(rebuilding: Rebuilding) -> str | None:
    found = [v.problem for v in await rebuilding.projector.versions.read() if v.number == 2]
    return found[0] if found else None


async def test_poison_stops_a_rebuild_which_goes_on_when_it_is_mended(
    rebuilding: Rebuilding, picky: Picky
) -> None:
    customers = await rebuilding.register(10)
    await rebuilding.are_level(1)
    picky.refuses = str(customers[3])
    await rebuilding.projector.versions.begin("test")

    async def stands_still() -> bool:
        return await problem(rebuilding) is not None

    await until(stands_still, what="that the rebuild stands still")
    assert f"stream customer-{customers[3]} cannot be applied" in str(await problem(rebuilding))
    assert await rebuilding.states() == {1: "current", 2: "building"}
    await rebuilding.register(3)
    await rebuilding.are_level(1)
    picky.refuses = None
    assert await rebuilding.projector.versions.begin("test") == 2
    await rebuilding.answers(2)
    assert await rebuilding.house.directory_rows() == await rebuilding.house.fold_all()


async def test_an_event_that_was_discarded_is_passed_over_by_a_rebuild(
    rebuilding: Rebuilding, picky: Picky, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = await rebuilding.register(3)
    await rebuilding.are_level(1)
    (event,) = await rebuilding.house.ask(
        "truth", "select event_id::text from events where subject = $1", str(customers[1])
    )

    async def discards(*_: object) -> frozenset[str]:
        return frozenset({event["event_id"]})

    monkeypatch.setattr("tests.ground.projectors.read_discards", discards)
    await rebuilding.projector.versions.begin("test")
    await rebuilding.answers(2)
    assert len(await rebuilding.rows(1)) == 3
    assert len(await rebuilding.rows(2)) == 2


async def test_a_builder_that_wakes_up_after_the_handover_changes_nothing(
    rebuilding: Rebuilding,
) -> None:
    house, projector = rebuilding.house, rebuilding.projector
    await rebuilding.register(5)
    await rebuilding.are_level(1)
    version = await projector.versions.begin("test")
    await rebuilding.answers(2)
    lanes = await house.lanes(
        house.databases.views_dsn, "projector", 1, settings_of("directory", 2)
    )
    zombie = Rebuild(projector.parts, version, lanes, uuid4())
    assert not await zombie.run(asyncio.Event())
    before = await rebuilding.rows(2)
    await projector.versions.begin("test")
    await rebuilding.answers(3)
    await projector.drop(2)
    assert await rebuilding.states() == {1: "dropped", 2: "dropped", 3: "current"}
    assert await rebuilding.rows(3) == before


async def test_a_rebuild_killed_half_way_goes_on_where_it_was(
    rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "LITTLE", 1)
    monkeypatch.setattr(pace, "PAGE_BESIDE_LIVE", 12)
    monkeypatch.setattr(pace, "PAGE", 12)
    written = Rebuild._write  # noqa: SLF001 - stands in for a process that dies at its third page
    pages: list[int] = []

    async def dies(self: Rebuild, *arguments: object) -> None:
        if len(pages) == 2:
            pages.append(0)
            raise MarkMovedError
        await written(self, *arguments)  # type: ignore[arg-type]
        pages.append(len(pages))

    await rebuilding.register(60)
    await rebuilding.are_level(1)
    monkeypatch.setattr(Rebuild, "_write", dies)
    await rebuilding.projector.versions.begin("test")
    await rebuilding.answers(2)
    assert await rebuilding.rows(1) == await rebuilding.rows(2)
