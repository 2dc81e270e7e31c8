"""The disk of the event store is full to the last byte, and nothing acknowledged is missing."""

from contextlib import suppress
from pathlib import Path
from random import Random

import asyncpg
import pytest

from shared.testing.verifier import token_of
from shared.testing.waiting import until
from tests.customers.api.asking import Json, assert_problem
from tests.faults.asking import a_client, begin_api, canary_is_back
from tests.faults.conftest import Ground, a_ground
from tests.ground.broker import Broker
from tests.ground.servers import Servers
from tests.ground.small_disk import a_small_disk
from tests.soak.clients import Clients
from tests.soak.counting import nothing_is_missing
from tests.soak.supervised import Told, truth_on

MEGABYTES = 250
WITHIN_SECONDS = 45.0
# WAL, and nothing else: what a day of other work would write.
MORE_WAL = """select count(pg_logical_emit_message(false, 'more', repeat('x', 100)))
    from generate_series(1, 100000)"""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]


async def refused(clients: Clients, code: str) -> Json:
    """Return the problem that the writers get from now on, once one gets it."""
    clients.refusals.clear()
    await until(lambda: code in clients.refusals, WITHIN_SECONDS, what=f"a 503 {code}")
    return assert_problem(clients.refusals[code], 503, code)


async def directory_status(ground: Ground) -> int:
    """Read the directory, and return the answer's status."""
    async with a_client(ground) as client:
        headers = {"Authorization": f"Bearer {token_of('alice')}"}
        return (await client.get("/v1/customers", headers=headers)).status_code


async def fill_wal_until_the_server_ends(ground: Ground, told: Told) -> None:
    """Write WAL until there is no room for it, and PostgreSQL's last process is gone."""

    async def has_ended() -> bool:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # as is wanted
            await ground.house.ask("truth", MORE_WAL)
        return any(sentence.startswith("truth ended") for sentence in told.sentences)

    await until(has_ended, WITHIN_SECONDS, what="that the server ends for want of room")


async def test_a_full_disk_is_a_clear_503_and_with_room_again_everything_acknowledged_is_there(
    own_servers: Servers,
    own_broker: Broker,
    tmp_path: Path,
    dice: Random,
    capsys: pytest.CaptureFixture[str],
) -> None:
    no_reserve = {"DAYBOOK_STORE_TRUTH_RESERVE_BYTES": "0"}
    with a_small_disk(MEGABYTES) as disk:
        where = {"DAYBOOK_STORE_TRUTH_DATA_DIR": str(disk.folder / "truth")}
        async with (
            truth_on(disk, own_servers, tmp_path) as told,
            a_ground(own_servers.databases, own_broker, tmp_path, **no_reserve, **where) as ground,
        ):
            await ground.nursery.begin("relay")
            await ground.nursery.begin("projector")
            await begin_api(ground)
            await canary_is_back(ground)
            clients = Clients(ground, dice)
            async with clients.writing():
                await clients.go_on()
                disk.fill()
                full = await refused(clients, "disk-full")
                assert "operator" in full["who_can_help"]
                assert "disk space" in full["fix"]
                assert await directory_status(ground) == 200
                await fill_wal_until_the_server_ends(ground, told)
                down = await refused(clients, "unavailable")
                assert "operator" in down["who_can_help"]
                assert down["fix"]
                assert await directory_status(ground) == 200
                assert not told.answers_again()
                disk.make_room()
                await until(told.answers_again, WITHIN_SECONDS, what="that it is started again")
                await clients.go_on()
            await nothing_is_missing(ground.house, clients)
    with capsys.disabled():
        print(  # noqa: T201 - what a soak is run for
            f"disk full: {'; '.join(told.sentences)}; {clients.answered} commands answered,"
            f" {clients.repeated} repeated; 0 missing, 0 twice"
        )
