"""An open transaction that has read the read model holds up a handover, and nobody else."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shared.errors import NotYetError
from shared.projecting import handover, projector, rebuild
from shared.projecting.handover import go_back
from shared.testing.waiting import until
from tests.customers.rebuilding import Rebuilding
from tests.ground.house import House
from tests.ground.projectors import new_projector


@pytest.fixture
async def rebuilding(
    house: House, dice: random.Random, monkeypatch: pytest.MonkeyPatch
) -> Rebuilding:
    """Return a house with three customers that runs, its projector keeping all versions."""
    for module in (handover, rebuild):
        monkeypatch.setattr(module, "HELD_UP_SECONDS", 0.1)
    monkeypatch.setattr(projector, "SWEEP_SECONDS", 0.1)
    its = await new_projector(house)
    await house.start(runner=False)
    house.run(its)
    rebuilding = Rebuilding(house, its, dice)
    await rebuilding.register(3)
    await house.caught_up()
    return rebuilding


@asynccontextmanager
async def somebody_reads(house: House, table: str) -> AsyncIterator[None]:
    """Have a transaction open that has read this table, as a dump of the database does."""
    reader = await asyncpg.connect(house.databases.admin_dsn("views"))
    try:
        async with reader.transaction():
            await reader.execute(f"select from {table}")
            yield
    finally:
        await reader.close()


async def told(caplog: pytest.LogCaptureFixture, message: str) -> None:
    """Return once this was logged."""

    async def it_was() -> bool:
        return message in caplog.messages

    await until(it_was, what=message)


async def test_a_handover_gives_way_to_readers_and_is_tried_again(
    rebuilding: Rebuilding, caplog: pytest.LogCaptureFixture
) -> None:
    async with somebody_reads(rebuilding.house, "public.directory"):
        await rebuilding.projector.versions.begin("test")
        await told(caplog, "an open transaction holds the read model: the handover waits")
        assert await rebuilding.states() == {1: "current", 2: "building"}
        assert len(await rebuilding.house.directory_rows()) == 3
    await rebuilding.answers(2)


async def test_a_way_back_gives_way_to_readers(
    rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rebuilding.projector.versions.begin("test")
    await rebuilding.answers(2)
    monkeypatch.setattr(handover, "WAIT_SECONDS", 0.5)
    async with somebody_reads(rebuilding.house, "public.directory"):
        with pytest.raises(NotYetError, match="an open transaction"):
            await go_back(rebuilding.projector.parts)
    assert await rebuilding.states() == {1: "previous", 2: "current"}


async def test_a_version_that_somebody_reads_is_removed_later(
    rebuilding: Rebuilding, caplog: pytest.LogCaptureFixture
) -> None:
    versions = rebuilding.projector.versions
    await versions.begin("test")
    await rebuilding.answers(2)
    async with somebody_reads(rebuilding.house, "directory_1.directory"):
        with pytest.raises(NotYetError, match="is being read"):
            await versions.drop(1)
        await versions.begin("again")
        await rebuilding.answers(3)
        await told(caplog, "a version is removed later")

    async def is_gone() -> bool:
        return 1 not in {version.number for version in await versions.read()}

    await until(is_gone, what="that version 1 is removed")
