"""A process keeps the connections and parts that it needs, and closes what is left at its end."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from services.customers.roles.service import SERVICE
from shared.observability.traces import Tracing
from shared.parts import PartEndedError
from shared.projecting.versions import settings_of
from shared.service.process import Process
from tests.ground.broker import Broker
from tests.ground.processes import service_env
from tests.ground.servers import Databases


@pytest.fixture
def process(
    databases: Databases, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Process:
    for name, value in service_env(databases, broker.settings, tmp_path / "secrets").items():
        monkeypatch.setenv(name, value)
    return Process(SERVICE, "projector", Tracing())


async def test_what_was_opened_for_one_version_is_forgotten_when_its_work_ends(
    process: Process,
) -> None:
    views = process.stores.views_dsn
    async with process.opened:
        kept = await process.lanes(views, "projector", 1)
        for number in range(1, 50):
            lanes = await process.lanes(views, "projector", 1, settings_of("directory", number))
            assert len(process._lanes) <= 2  # noqa: SLF001 - nothing else shows a leak of ours
            await lanes.close()
        assert kept.open_connections == 1
        last = await process.lanes(views, "projector", 1)
    assert (kept.open_connections, last.open_connections) == (0, 0)


async def test_a_part_that_was_cancelled_from_within_ends_the_process_and_is_not_missed_in_silence(
    process: Process,
) -> None:
    async def ends_like_a_client_library(_: asyncio.Event) -> None:
        answer = asyncio.get_running_loop().create_future()
        answer.cancel()
        await answer

    async def goes_on(stop: asyncio.Event) -> None:
        await stop.wait()

    process.runs += [goes_on, ends_like_a_client_library]
    with pytest.raises(ExceptionGroup) as ended:
        await process.run()
    assert ended.group_contains(PartEndedError)


async def test_whoever_is_told_to_end_says_by_which_signal_and_ends_in_order(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    async def asks_for_its_end(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()

    process.runs.append(asks_for_its_end)
    with caplog.at_level("INFO"):
        await process.run()
    [told] = [one for one in caplog.records if one.message == "told to end"]
    assert vars(told)["signal"] == "SIGTERM"
