"""A process keeps the connections that it needs, and closes what is left at its end."""

from pathlib import Path

import pytest

from services.customers.roles.service import SERVICE
from shared.observability.traces import Tracing
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
