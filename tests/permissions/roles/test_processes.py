"""A permissions service is prepared, migrated, run and killed as its operators would."""

from pathlib import Path

import asyncpg
import pytest

from cli.local.paths import PROJECT
from cli.local.postgres import KINDS
from services.permissions.roles.service import SERVICE
from shared.messaging.topics import ACCESS, CUSTOMERS
from shared.testing.waiting import until
from tests.customers.roles.probing import Probed, probed
from tests.ground.broker import Broker
from tests.ground.notebook import records_of
from tests.ground.processes import running, service_env
from tests.ground.servers import Servers

MODULE = "services.permissions"


@pytest.fixture
async def env(servers: Servers, own_broker: Broker, tmp_path: Path) -> dict[str, str]:
    """The environment of its processes, on servers that it shares with customers."""
    env = service_env(servers.databases, own_broker.settings, tmp_path / "secrets")
    for kind in KINDS:
        where = f"host={servers.sockets(kind)}"
        env[f"DAYBOOK_ADMIN_{kind.upper()}_DSN"] = f"postgresql://postgres@/postgres?{where}"
        env[f"DAYBOOK_STORE_{kind.upper()}_DSN"] = (
            f"postgresql://permissions_{{role}}@/permissions?{where}"
        )
    return env | {"DAYBOOK_SERVICE_CANARY_SECONDS": "0.2"}


async def test_it_has_databases_of_its_own_and_proves_its_way_after_every_death(
    env: dict[str, str], own_broker: Broker, servers: Servers
) -> None:
    for role in ("prepare", "migrate", "check"):
        async with running(MODULE, role, env=env) as process:
            assert await process.wait() == 0, process.output()
    assert "epoch 1: nothing went back in time" in process.output()
    set_up = ("permissions", "bootstrap", str(PROJECT / "demo/people.yaml"))
    for expected in ("set up with", "nothing was changed: Daybook has an administrator already"):
        async with running("cli", *set_up, env=env) as process:
            assert await process.wait() == 0, process.output()
        assert process.output().startswith(expected)
    async with probed("all", env, module=MODULE) as first:
        await until(lambda: _has_arrived(first), what="a canary")
        await until(lambda: _opened(servers), what="a review of the calendar")
        first.process.kill()
    async with probed("all", env, module=MODULE) as second:
        await until(lambda: _has_arrived(second), what="a canary after a death")
        await until(lambda: _is_all_opened(servers), what="every review of the calendar")
        _, said = await second.ready()
        assert said["canary"]["way"] == "store → Kafka → readers"
        behind = 'daybook_lag_events{projection="",role="relay",state="live",topic="%s"}'
        assert await second.number(behind % SERVICE.topic.name) is not None
        for lack in ("decisions", "sign_off"):
            overdue = f'daybook_review_overdue_seconds{{lacks="{lack}"}}'
            assert await second.number(overdue) == 0
        await until(lambda: _is_measured(second, "usage_permissions", "live"), what="own records")
        # No customers service runs here: nobody says how far that is.
        assert await _is_measured(second, "customer_owners", "unknown")
    published = await records_of(own_broker.settings, SERVICE.topic, 2)
    positions = [int(dict(each.headers)["ce_feedposition"]) for each in published]
    assert sorted(set(positions)) == list(range(1, max(positions) + 1))
    assert {dict(each.headers)["ce_source"] for each in published} == {b"/daybook/permissions"}


async def _opened(servers: Servers) -> list[int]:
    """Return how often each review that the calendar wants was opened."""
    where = f"host={servers.sockets('truth')}"
    connection = await asyncpg.connect(f"postgresql://postgres@/permissions?{where}")
    try:
        rows = await connection.fetch(
            "select count(*) from events where type = 'ReviewStarted' group by stream"
        )
    finally:
        await connection.close()
    return [row["count"] for row in rows]


async def _is_all_opened(servers: Servers) -> bool:
    return await _opened(servers) == [1, 1]


async def _has_arrived(process: Probed) -> bool:
    _, said = await process.ready()
    return said["canary"] is not None and said["canary"]["trip_ms"] is not None


async def _is_measured(process: Probed, projection: str, state: str) -> bool:
    number = 'daybook_lag_seconds{projection="%s",role="projector",state="%s",topic="%s"}'
    topic = CUSTOMERS.name if projection == "customer_owners" else ACCESS.name
    return await process.number(number % (projection, state, topic)) is not None
