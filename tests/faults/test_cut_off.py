"""A leader that no longer reaches one of its servers loses its partitions to one that does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.local import broker as embedded
from cli.local.ports import Ports
from shared.messaging.topics import CUSTOMERS
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.faults.audit import all_sent, assert_kafka_has_the_feed, assert_rounds_tile
from tests.faults.two_customers import TwoCustomers
from tests.ground.broker import Broker, free_port, one_broker
from tests.ground.house import House, a_house
from tests.ground.processes import running, service_env
from tests.ground.proxy import Door, door_to_folder, door_to_port
from tests.ground.servers import Databases

pytestmark = pytest.mark.journey

SHARES = """select count(*) from relay_checkpoints
    where topic = $1 and lease_until > clock_timestamp() group by owner order by 1"""
WITHIN_SECONDS = 100.0


@dataclass(frozen=True, slots=True)
class Doors:
    """A house, and the doors through which relays reach PostgreSQL and Kafka."""

    house: House
    doors: dict[str, Door]
    env: dict[str, str]


@pytest.fixture
async def doors(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Doors]:
    """Return a house whose relays have to go through doors."""
    kafka_port = free_port()
    direct = embedded.command

    def advertising_the_door(ports: Ports) -> tuple[str, ...]:
        words = list(direct(ports))
        words[words.index("--advertised-listener-url") + 1] = f"tcp://127.0.0.1:{kafka_port}"
        return tuple(words)

    monkeypatch.setattr(embedded, "command", advertising_the_door)
    with one_broker() as broker:
        async with _through_doors(databases, broker, kafka_port, tmp_path) as its:
            yield its


@asynccontextmanager
async def _through_doors(
    databases: Databases, broker: Broker, kafka_port: int, folder: Path
) -> AsyncIterator[Doors]:
    sockets = Path(parse_qs(urlsplit(databases.truth_dsn).query)["host"][0])
    kafka = KafkaSettings(mode="embedded", bootstrap=f"127.0.0.1:{kafka_port}")
    with TemporaryDirectory(prefix="door-") as behind:
        env = service_env(databases, kafka, folder / "secrets")
        env["DAYBOOK_STORE_TRUTH_DSN"] = databases.truth_dsn.replace(str(sockets), behind)
        async with (
            door_to_folder(Path(behind), sockets) as to_postgres,
            door_to_port(kafka_port, int(broker.bootstrap.rpartition(":")[2])) as to_kafka,
            a_house(databases, kafka, CUSTOMERS) as house,
        ):
            yield Doors(house, {"PostgreSQL": to_postgres, "Kafka": to_kafka}, env)


async def shares(house: House) -> list[int]:
    """Return how many partitions each living leader holds."""
    return [row["count"] for row in await house.ask("truth", SHARES, CUSTOMERS.name)]


async def share_out(house: House, wanted: list[int]) -> None:
    """Wait until the leaders hold so many partitions each."""

    async def is_so() -> bool:
        return await shares(house) == wanted

    await until(is_so, WITHIN_SECONDS, what=f"shares of {wanted}")


@pytest.mark.parametrize("server", ["PostgreSQL", "Kafka"])
async def test_a_leader_that_is_cut_off_loses_its_partitions_and_takes_its_share_again_later(
    doors: Doors, server: str
) -> None:
    house, door = doors.house, doors.doors[server]
    customers = TwoCustomers(house)
    async with (
        running("services.customers", "relay", env=doors.env) as first,
        running("services.customers", "relay", env=doors.env),
    ):
        await customers.register()
        await share_out(house, [6, 6])
        await all_sent(house)

        await door.cut_off(first.pid)
        await customers.change()
        await share_out(house, [12])
        await customers.change()
        await all_sent(house)

        await door.let_through(first.pid)
        await share_out(house, [6, 6])
        await customers.change()
        await all_sent(house)

    await assert_kafka_has_the_feed(house)
    await assert_rounds_tile(house)
