"""Nothing leaves behind the end of a right but what the connection had taken by then."""

import asyncio

import orjson
import pytest

from services.customers.api import exporting, watch
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import NotPermittedError
from shared.web import downloads, streams
from shared.web.downloads import NothingTakenError
from tests.customers.api.asking import if_match, read
from tests.customers.api.connections import Connection
from tests.customers.shipped import a_shipped_house
from tests.ground.broker import Broker
from tests.ground.servers import Servers


async def test_no_customer_is_exported_behind_the_end_of_the_right(
    servers: Servers, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 1)
    async with a_shipped_house(servers, broker) as shipped:
        await shipped.house.start()
        for number in range(3):
            await shipped.customer("leo", name=f"Ada {number}")
        await shipped.house.caught_up()
        download = Connection(shipped.house, "bob", "/v1/exported-customers", b"Ada 0")
        loading = asyncio.create_task(download.run())
        await download.is_full.wait()
        shipped.happens("bob", "SubjectSuspended")
        download.goes_on()
        with pytest.raises(NotPermittedError):
            await loading
        assert [piece.count(b"Ada") for piece in download.sent] == [0, 1]


async def test_no_change_is_told_behind_the_end_of_the_right(
    servers: Servers, broker: Broker
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        house = shipped.house
        await house.start()
        its = await shipped.customer("alice")
        await house.caught_up()
        watch = Connection(house, "alice", "/v1/watch", b"id: ")
        watching = asyncio.create_task(watch.run())
        await watch.is_full.wait()
        path = f"/v1/customers/{its['id']}/tags"
        for version, tag in enumerate("abc", start=1):
            answer = await house.client("erin").post(
                path, json={"tags": [tag]}, headers=if_match(version)
            )
            assert read(answer)["version"] == version + 1
        await house.caught_up()
        # All of them are read by now; it is full again behind the first.
        watch.goes_on(b"event: changed")
        await watch.is_full.wait()
        shipped.happens("alice", "SubjectLeft")
        watch.goes_on()
        await watching
        told = [chunk.partition(b"\n")[0] for chunk in watch.sent]
        assert told[1:] == [b"event: changed", b"event: ended"]


async def test_whoever_takes_nothing_loses_a_download_and_a_watch_with_the_right(
    servers: Servers, broker: Broker, hasty: None
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        house = shipped.house
        await house.start()
        await shipped.customer("leo")
        await house.caught_up()
        shipped.give("bob", "customer:watch", scope="own", clearance="internal")
        download = Connection(house, "bob", "/v1/exported-customers", b"id,")
        watching = Connection(house, "bob", "/v1/watch", b"id: ")
        running = [asyncio.create_task(one.run()) for one in (download, watching)]
        await download.is_full.wait()
        await watching.is_full.wait()
        shipped.happens("bob", "SubjectLeft")
        with pytest.raises(NotPermittedError):
            await running[0]
        with pytest.raises(NothingTakenError):
            await running[1]
        assert [len(one.sent) for one in (download, watching)] == [1, 1]
        await house.recorder.close()
        rows = await house.ask(
            "truth", "select data from records where actor = $1 and type = 'DecisionRecorded'",
            DEMO_PEOPLE["bob"].subject,
        )  # fmt: skip
        decided = [orjson.loads(row["data"]) for row in rows]
        assert {one["permission"] for one in decided if one["code"] == "inactive_subject"} == {
            "customer:export", "customer:watch",
        }  # fmt: skip


async def test_a_watch_whose_reader_takes_nothing_has_no_longer_life_than_another(
    servers: Servers, broker: Broker, hasty: None
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        await shipped.house.start()
        await shipped.house.caught_up()
        watching = Connection(shipped.house, "alice", "/v1/watch", b"id: ")
        running = asyncio.create_task(watching.run())
        await watching.is_full.wait()
        shipped.house.clock.turn(watch.LIFETIME_SECONDS)
        with pytest.raises(NothingTakenError):
            await running


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let looks at whoever takes nothing follow each other at once."""
    for module in (downloads, streams):
        monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)


async def test_customers_with_long_lives_leave_in_short_pieces() -> None:
    row = {"details": "x" * (exporting.PIECE_LENGTH // 2)}
    short = {"details": "{}"}
    parts = list(exporting.in_parts([row] * 5))  # type: ignore[list-item]
    assert [len(part) for part in parts] == [2, 2, 1]
    parts = list(exporting.in_parts([short] * 250))  # type: ignore[list-item]
    assert [len(part) for part in parts] == [100, 100, 50]
