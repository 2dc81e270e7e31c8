"""Whoever was erased is not back after a restore: the ledger erases them before any role opens."""

from pathlib import Path
from uuid import UUID

import httpx
import pytest
from uuid6 import uuid7

from services.customers.domain.customer.commands import (
    PlaceLegalHold,
    RegisterCustomer,
    ReleaseLegalHold,
)
from services.customers.roles.ledger import mend_ledger, replay_ledger
from shared.messaging.topics import CUSTOMERS
from shared.security.ledger_file import NAME
from shared.settings import SecuritySettings, StoreSettings
from shared.testing.waiting import until
from tests.faults.two_customers import ACTOR
from tests.ground.broker import Broker, free_port
from tests.ground.house import House, a_house
from tests.ground.processes import Running, running, service_env
from tests.ground.servers import Databases, Servers

pytestmark = pytest.mark.journey

NAMED = "Adelheid Lovelace"


class Restored:
    """A Daybook restored to a moment before somebody was erased."""

    def __init__(self, servers: Servers, broker: Broker, folder: Path, ada: UUID, kid: str) -> None:
        self.servers = servers
        self.databases: Databases = servers.databases
        self.broker = broker
        self.ada, self.kid = ada, kid
        self.port = free_port()
        self.env = service_env(self.databases, broker.settings, folder / "secrets", self.port)
        self.stores = StoreSettings(
            truth_dsn=self.databases.truth_dsn,
            views_dsn=self.databases.views_dsn,
            keys_dsn=self.databases.keys_dsn,
        )
        self.security = SecuritySettings(
            secrets_dir=folder / "secrets", ledger_dir=self.databases.ledger_dir
        )

    async def is_back(self) -> bool:
        """Say whether the key of the erased is there, or an event of theirs can follow."""
        async with a_house(self.databases, self.broker.settings, CUSTOMERS) as house:
            events = await house.store.load(f"customer-{self.ada}")
            has_key = (await house.keys.read([self.kid]))[self.kid] is not None
            return has_key or events[-1].type != "CustomerErased"


@pytest.fixture
async def restored(own_servers: Servers, own_broker: Broker, tmp_path: Path) -> Restored:
    """Return a Daybook whose truth and keys were restored to before the erasure of one of two."""
    databases = own_servers.databases
    async with a_house(databases, own_broker.settings, CUSTOMERS) as house:
        ada, _ = [
            (
                await house.commands.register_customer(
                    RegisterCustomer("person", name), actor=ACTOR, may=None
                )
            ).customer
            for name in (NAMED, "Bea")
        ]
        # Released before the erasure, and there again after the restore.
        hold = PlaceLegalHold(uuid7(), "Case 4711")
        await house.commands.change_customer(ada.id, 1, hold, actor=ACTOR, may=None)
    for kind in ("truth", "keys"):
        own_servers.stop(kind)
        own_servers.copy(kind, tmp_path / kind)
        own_servers.start(kind)
    async with a_house(databases, own_broker.settings, CUSTOMERS) as house:
        release = ReleaseLegalHold(hold.hold_id, "Case 4711 is over")
        await house.commands.change_customer(ada.id, 2, release, actor=ACTOR, may=None)
        await house.erasures.erase_customer(ada.id, actor=ACTOR)
    for kind in ("truth", "keys"):
        own_servers.stop(kind)
        own_servers.put_back(kind, tmp_path / kind)
        own_servers.start(kind)
    return Restored(own_servers, own_broker, tmp_path, ada.id, ada.kid)


async def said(process: Running, what: str) -> None:
    async def is_said() -> bool:
        assert process.is_alive, process.output()
        return what in process.output()

    await until(is_said, what=f"that the process says: {what}")


async def test_no_role_opens_before_whoever_was_erased_is_erased_again(restored: Restored) -> None:
    assert await restored.is_back(), "the restore brought nobody back"
    async with (
        running("services.customers", "relay", env=restored.env) as relay,
        running("services.customers", "projector", env=restored.env) as projector,
    ):
        for waiting in (relay, projector):
            await said(waiting, "has to do them again first")
            assert '"started"' not in waiting.output()
        async with (
            running("services.customers", "api", env=restored.env) as api,
            httpx.AsyncClient(timeout=60) as http,
        ):

            async def answers() -> bool:
                assert api.is_alive, api.output()
                try:
                    await http.get(f"http://127.0.0.1:{restored.port}/livez")
                except httpx.TransportError:
                    return False
                return True

            await until(answers, what="that the api answers")
            assert not await restored.is_back()
            assert "were done again" in api.output()
            for waiting in (relay, projector):
                await said(waiting, '"started"')
            async with a_house(restored.databases, restored.broker.settings, CUSTOMERS) as house:
                await house.caught_up()
                assert await house.directory_rows() == await house.fold_all()
                names = {row.name for row in await house.directory_rows()}
                assert names == {None, "Bea"}


async def test_the_ledger_is_replayed_once_and_needs_nothing_else(restored: Restored) -> None:
    found = await replay_ledger(restored.stores, restored.security)
    assert (found.lines, found.keys, found.customers) == (1, 1, 1)
    assert not await restored.is_back()
    assert (await replay_ledger(restored.stores, restored.security)).is_nothing


async def test_without_its_ledger_nothing_opens_and_a_new_one_has_what_the_store_knows(
    restored: Restored,
) -> None:
    await replay_ledger(restored.stores, restored.security)
    path = restored.databases.ledger_dir / NAME
    before = path.read_text().splitlines()[1:]
    path.unlink()
    async with running("services.customers", "api", env=restored.env) as api:
        assert await api.wait() != 0
        assert "there was one" in api.output()
    assert await mend_ledger(restored.stores, restored.security) == 1
    after = path.read_text().splitlines()[1:]
    assert [line.split(',"event_id"')[0] for line in after] == [
        line.split(',"event_id"')[0] for line in before
    ]
    assert (await replay_ledger(restored.stores, restored.security)).is_nothing

    # One that lacks its last line is not the newest.
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    async with running("services.customers", "api", env=restored.env) as api:
        assert await api.wait() != 0
        assert "lacks 1 erasures" in api.output()


async def test_while_the_ledger_cannot_be_written_nobody_is_erased(house: House) -> None:
    made = await house.commands.register_customer(
        RegisterCustomer("person", NAMED), actor=ACTOR, may=None
    )
    path = house.databases.ledger_dir / NAME
    aside = path.rename(path.with_suffix(".aside"))
    with pytest.raises(Exception, match="ledger cannot be") as refused:
        await house.erasures.erase_customer(made.customer.id, actor=ACTOR)
    assert vars(refused.value)["problem_code"] == "erasure-ledger-unavailable"
    assert (await house.reader.load(made.customer.id)).customer.name == NAMED
    aside.rename(path)
    await house.erasures.erase_customer(made.customer.id, actor=ACTOR)
    assert made.customer.kid in await house.ledger.lines()
