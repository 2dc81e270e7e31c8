"""A new version of the directory is built beside the old one and answers in its place."""

import random

import pytest

from shared.errors import RuleBrokenError
from shared.projecting import rebuild
from shared.projecting.handover import go_back
from tests.customers.rebuilding import Rebuilding
from tests.ground.house import House
from tests.ground.projectors import new_projector


@pytest.fixture
async def rebuilding(house: House, dice: random.Random) -> Rebuilding:
    """Return a house that runs, its projector keeping all versions."""
    projector = await new_projector(house)
    await house.start(runner=False)
    house.run(projector)
    return Rebuilding(house, projector, dice)


async def test_a_version_rebuilt_under_load_equals_the_old_one_and_a_fold(
    rebuilding: Rebuilding,
) -> None:
    house = rebuilding.house
    customers = await rebuilding.register(30)
    async with rebuilding.under_load(customers):
        assert await rebuilding.projector.versions.begin("test") == 2
        await rebuilding.answers(2)
    await rebuilding.are_level(1, 2)
    assert await rebuilding.states() == {1: "previous", 2: "current"}
    assert await rebuilding.rows(1) == await rebuilding.rows(2)
    assert await house.directory_rows() == await house.fold_all()


async def test_at_the_handover_the_new_version_is_exactly_where_the_old_one_was(
    rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "LITTLE", 10)
    await rebuilding.register(40)
    await rebuilding.house.caught_up()
    await rebuilding.projector.versions.begin("test")
    await rebuilding.answers(2)
    marks = [await rebuilding.whole_marks(version) for version in (1, 2)]
    assert marks[0] == marks[1]
    assert await rebuilding.rows(1) == await rebuilding.rows(2)


async def test_a_rebuild_of_nothing_ends_at_once(rebuilding: Rebuilding) -> None:
    await rebuilding.projector.versions.begin("test")
    await rebuilding.answers(2)
    await rebuilding.register(3)
    await rebuilding.are_level(1, 2)


async def test_the_way_back_loses_nothing(rebuilding: Rebuilding) -> None:
    customers = await rebuilding.register(10)
    await rebuilding.projector.versions.begin("test")
    await rebuilding.answers(2)
    async with rebuilding.under_load(customers):
        assert await go_back(rebuilding.projector.parts) == 1
        assert await rebuilding.states() == {1: "current", 2: "previous"}
    await rebuilding.are_level(1, 2)
    assert await rebuilding.rows(1) == await rebuilding.rows(2)
    assert await go_back(rebuilding.projector.parts, version=2) == 2
    assert await rebuilding.house.directory_rows() == await rebuilding.house.fold_all()


async def test_without_a_previous_version_there_is_no_way_back(rebuilding: Rebuilding) -> None:
    with pytest.raises(RuleBrokenError):
        await go_back(rebuilding.projector.parts)


async def test_two_projectors_build_one_version_between_them(rebuilding: Rebuilding) -> None:
    house = rebuilding.house
    house.run(await new_projector(house))
    customers = await rebuilding.register(20)
    async with rebuilding.under_load(customers):
        assert await rebuilding.projector.versions.begin("one") == 2
        assert await rebuilding.projector.versions.begin("other") == 2
        await rebuilding.answers(2)
        await rebuilding.projector.versions.begin("again")
        await rebuilding.answers(3)
    await rebuilding.are_level(2, 3)
    assert await rebuilding.rows(2) == await rebuilding.rows(3)
    assert await house.directory_rows() == await house.fold_all()


async def test_who_is_erased_during_a_rebuild_is_erased_in_every_version(
    rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "LITTLE", 1)
    customers = await rebuilding.register(30)
    await rebuilding.house.caught_up()
    async with rebuilding.under_load(customers[8:]):
        await rebuilding.projector.versions.begin("test")
        for erased in (customers[0], customers[7]):
            await rebuilding.erasures.erase_customer(erased, actor="dpo")
        await rebuilding.answers(2)
    await rebuilding.are_level(1, 2)
    for version in (1, 2):
        texts = await rebuilding.house.ask(
            "views", f"select d::text as row from directory_{version}.directory d where is_erased"
        )
        assert len(texts) == 2
        assert not any("Ada" in row["row"] or "example" in row["row"] for row in texts)
    assert await rebuilding.rows(1) == await rebuilding.rows(2)
