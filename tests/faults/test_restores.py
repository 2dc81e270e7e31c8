"""A restored store drops nothing in silence: it alarms, and all it has is published anew."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast
from uuid import UUID

import asyncpg
import pytest

from cli.local.readiness import postgres_answers
from services.customers.domain.customer.commands import RegisterCustomer, RenameCustomer
from services.customers.roles.service import SERVICE
from shared.messaging.topics import CUSTOMERS
from shared.service.check import check_store, lines_of
from shared.settings import StoreSettings
from shared.testing.waiting import until
from tests.faults.audit import read_topic, stored_feed
from tests.faults.two_customers import ACTOR
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.projectors import new_projector
from tests.ground.servers import TEMPLATE, Databases, Servers, three_servers

pytestmark = pytest.mark.journey

LOST = "what is lost"
INSTEAD = "what is true instead"
MANY = 3000


@pytest.fixture
def younger_servers() -> Iterator[Servers]:
    """Return three more servers, whose transaction ids have only begun."""
    with three_servers() as three:
        yield three


class Moved(Servers):
    """The servers after truth was restored on another machine."""

    def __init__(self, truth: Servers, others: Servers) -> None:
        self._truth = truth
        self._others = others

    def sockets(self, kind: str) -> Path:
        """Where that server listens."""
        return (self._truth if kind == "truth" else self._others).sockets(kind)


def settings_of(databases: Databases) -> StoreSettings:
    return StoreSettings(
        truth_dsn=databases.truth_dsn, views_dsn=databases.views_dsn, keys_dsn=databases.keys_dsn
    )


async def register(house: House, name: str) -> UUID:
    made = await house.commands.register_customer(
        RegisterCustomer("person", name), actor=ACTOR, may=None
    )
    return made.customer.id


async def rename(house: House, customer_id: UUID, name: str) -> None:
    version = await house.store.version_of(f"customer-{customer_id}")
    await house.commands.change_customer(
        customer_id, version, RenameCustomer(name), actor=ACTOR, may=None
    )


async def caught_up(databases: Databases, broker: Broker, work: Sequence[str]) -> list[UUID]:
    """Register one customer per name, and return when Kafka and the directory have them."""
    async with a_house(databases, broker.settings, CUSTOMERS) as house:
        await house.start()
        made = [await register(house, name) for name in work]
        await house.caught_up()
        return made


async def is_published_anew(house: House, epoch: int) -> None:
    """Wait until Kafka has the whole feed of the store under that epoch, and nothing else."""

    async def is_whole() -> bool:
        sent = {
            partition: {e.feed_position: e.event_id for e in events if e.epoch == epoch}
            for partition, events in (await read_topic(house.kafka)).items()
        }
        stored = {
            partition: {n: fact.event_id for n, fact in enumerate(facts, start=1)}
            for partition, facts in (await stored_feed(house)).items()
        }
        return {p: numbered for p, numbered in sent.items() if numbered} == stored

    await until(is_whole, what="that everything is published anew")
    assert await house.store.epoch() == epoch


async def is_folded_anew(house: House) -> None:
    """Wait until a version of the new life answers, and is what the store says."""

    async def is_level() -> bool:
        return house.watcher.epoch == 2 and await house.applied() == await house.stored()

    await until(is_level, what="that the directory is of the new life")
    assert await house.directory_rows() == await house.fold_all()


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [r for r in caplog.records if r.levelno == logging.CRITICAL]
    return [cast("str", vars(r)["reason"]) for r in found if "reason" in vars(r)]


# Copied back, with an emptied Kafka and written to before any check, it is what nobody could know:
# therefore an api checks before it serves.
@pytest.mark.parametrize(
    ("recovers", "is_emptied", "is_checked"),
    [
        pytest.param(False, False, False, id="copied back, Kafka knows"),
        pytest.param(False, True, True, id="copied back, only a read model knows"),
        pytest.param(True, True, False, id="a new timeline, only the server knows"),
        pytest.param(True, False, True, id="a new timeline, everybody knows"),
    ],
)
async def test_a_store_of_an_earlier_moment_that_goes_on_otherwise_is_published_anew(
    own_servers: Servers,
    own_broker: Broker,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    recovers: bool,
    is_emptied: bool,
    is_checked: bool,
) -> None:
    databases = own_servers.databases
    [ada, *_] = await caught_up(databases, own_broker, ["Ada", "Bea", "Cem"])
    own_servers.stop("truth")
    own_servers.copy("truth", tmp_path / "backup")
    own_servers.start("truth")
    async with a_house(databases, own_broker.settings, CUSTOMERS) as house:
        await house.start()
        await rename(house, ada, LOST)
        await register(house, LOST)
        await house.caught_up()

    own_servers.stop("truth")
    own_servers.put_back("truth", tmp_path / "backup", recovers=recovers)
    own_servers.start("truth")
    await until(lambda: postgres_answers(own_servers.admin_dsn("truth")), what="the recovery")
    if is_emptied:
        own_broker.kill()
        own_broker.start()
    if is_checked:
        report, epoch = await check_store(SERVICE, settings_of(databases))
        assert (len(report.problems), epoch) == (2 if recovers else 1, 2)
        assert alarms(caplog) == ["; ".join(report.problems)]
        again, epoch = await check_store(SERVICE, settings_of(databases))
        assert (list(again.problems), epoch) == ([], 2)

    async with a_house(databases, own_broker.settings, CUSTOMERS) as house:
        # The same version of the same stream, and another event.
        await rename(house, ada, INSTEAD)
        await house.start(runner=False)
        house.run(await new_projector(house))
        await is_published_anew(house, 2)
        await is_folded_anew(house)
        assert (await house.reader.load(ada)).customer.name == INSTEAD
        assert len(alarms(caplog)) == 1


async def test_a_dump_restored_into_a_younger_server_is_whole_in_its_old_order(
    own_servers: Servers,
    younger_servers: Servers,
    own_broker: Broker,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    old = own_servers.databases
    async with a_house(old, own_broker.settings, CUSTOMERS) as house:
        await come_far(old)
        await house.start()
        ada = await register(house, "Ada")
        for n in range(30):
            await register(house, f"Bea {n}")
            await rename(house, ada, f"Ada {n}")
        await house.caught_up()
        before = await stored_feed(house)

    own_servers.dump("truth", tmp_path / "dump")
    younger_servers.load("truth", tmp_path / "dump")
    moved = Databases(Moved(younger_servers, own_servers), TEMPLATE)
    async with a_house(moved, own_broker.settings, CUSTOMERS) as house:
        assert await house.feed.read(0, 1) == [], "the younger server reads what it cannot know"

    report, epoch = await check_store(SERVICE, settings_of(moved))
    assert report.must_be_renumbered
    assert epoch == 2
    assert "the log was renumbered" in lines_of(report, epoch)[-1]
    assert alarms(caplog) == ["; ".join(report.problems)]

    async with a_house(moved, own_broker.settings, CUSTOMERS) as house:
        assert await stored_feed(house) == before
        await rename(house, ada, INSTEAD)
        await house.start(runner=False)
        house.run(await new_projector(house))
        await is_published_anew(house, 2)
        await is_folded_anew(house)
        assert len(await house.reader.history(ada)) == 32
        assert len(alarms(caplog)) == 1


async def come_far(databases: Databases) -> None:
    """Let the server give out transaction ids that a younger one has not come to."""
    connection = await asyncpg.connect(databases.admin_dsn("truth"))
    for _ in range(MANY):
        await connection.execute("select pg_current_xact_id()")
    await connection.close()
