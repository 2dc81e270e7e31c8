"""Access taken in an emergency is told exactly: who, which grant, when, and until when."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.permissions.roles.service import SERVICE
from services.permissions.streams.events import EmergencyAccessTaken
from services.permissions.streams.habits import Habits, UnusualSettings
from services.permissions.streams.unusual import UnusualAccess
from shared.errors import UnavailableError
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.record_types import EmergencyTaken
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topics import Topic
from shared.observability.metrics import UNMEASURED, Metrics
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.testing.clock import TurnableClock
from shared.testing.waiting import until
from tests.customers.api.asking import read
from tests.ground.broker import Broker
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, set_up_desk
from tests.permissions.streams.test_unusual import OSCAR, Told, a_record
from tests.permissions.streams.watching import watched

SETTINGS = UnusualSettings(day_begins=0, day_ends=24)


async def told(taken: EmergencyTaken, at: datetime, now: datetime) -> list[EmergencyAccessTaken]:
    """Return what is published now of what was taken then."""
    publisher = Told()
    unusual = UnusualAccess(Habits(SETTINGS), publisher, TurnableClock(now), UNMEASURED)
    await unusual.take(a_record(taken, at))
    await unusual.flush()
    await unusual.flush()
    return [EmergencyAccessTaken.model_validate_json(one.event.data) for one in publisher.alerts]


async def test_it_is_told_until_it_is_over_however_late_its_record_comes() -> None:
    at = datetime(2026, 3, 4, 12, tzinfo=UTC)
    end = at + timedelta(hours=4)
    taken = EmergencyTaken(grant_id=str(uuid4()), until=end)
    alert = EmergencyAccessTaken(
        pattern="emergency", subject=OSCAR, grant_id=taken.grant_id, taken_at=at, until=end,
        is_approximate=False,
    )  # fmt: skip
    for now in (at, end - timedelta(seconds=1)):
        assert await told(taken, at, now) == [alert]
    assert await told(taken, at, end) == []


def wanted(desk: Desk) -> dict[str, str]:
    end = (desk.foundation.clock.now() + timedelta(hours=2)).isoformat()
    return {
        "permission": "customer:read", "scope": "all", "clearance": "internal", "until": end,
        "reason": "The line is down",
    }  # fmt: skip


async def test_from_the_request_to_the_alert(servers: Servers, broker: Broker) -> None:
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers)
        its, kafka = desk.foundation, broker.settings
        access = Topic(f"access-{uuid4().hex[:8]}", its.records.partitions, "records")
        truth = Lanes(dsn_for(desk.databases.truth_dsn, "relay"), 2, application_name="relay")
        await truth.open()
        opened.push_async_callback(truth.close)
        outbox = Outbox(truth, access.name, access.partitions, uuid4(), access.table)
        stop = asyncio.Event()
        relay = Relay(outbox, kafka, access, SERVICE.name, its.clock, its.tracing)
        relaying = asyncio.create_task(relay.run(stop))
        async with watched(kafka, access, SERVICE.source, SETTINGS, its.clock) as seen:
            taking = wanted(desk)
            answer = await desk.client("oscar").post("/v1/grants/break-glass", json=taking)
            alert = await seen.alert("emergency")
        stop.set()
        await relaying
        grants = {"subject_id": IDS["oscar"], "to_review": "true"}
        (grant,) = read(await desk.client("erin").get("/v1/grants", params=grants))["items"]
        assert (alert["subject"], alert["grant_id"]) == (IDS["oscar"], read(answer)["grant_id"])
        assert alert["grant_id"] == grant["id"]
        for said in (alert["until"], grant["until"]):
            assert datetime.fromisoformat(said) == datetime.fromisoformat(taking["until"])
        assert alert["is_approximate"] is False
        assert "line" not in str(alert)


ON_RECORD = """select (select count(*) from events where type = 'GrantGiven' and actor = $1),
    (select count(*) from records where type = 'EmergencyTaken' and actor = $1)"""
ENDED = """select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like '%append_as_seen%'
        and pid <> pg_backend_pid() and wait_event_type = 'Lock'"""


async def on_record(truth: asyncpg.Connection) -> tuple[int, int]:
    """Return how often Oscar took something, and how often that is on record."""
    [(given, told)] = await truth.fetch(ON_RECORD, IDS["oscar"])
    return given, told


async def test_a_process_that_dies_behind_the_grant_left_its_record(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers)
        store, stored = desk.foundation.store, asyncio.Event()
        append = store.append_with

        async def append_and_die(*given: Any) -> None:  # noqa: ANN401 - as it is given
            await append(*given)
            stored.set()
            await asyncio.Event().wait()  # What the process would have done next never happens.

        monkeypatch.setattr(store, "append_with", append_and_die)
        path, body = "/v1/grants/break-glass", wanted(desk)
        asking = asyncio.create_task(desk.client("oscar").post(path, json=body))
        await stored.wait()
        truth = await a_connection(opened, desk)
        assert await on_record(truth) == (1, 1)
        asking.cancel()
        await asyncio.wait([asking])


async def test_what_ends_between_the_grant_and_its_record_leaves_neither_and_again_leaves_both(
    servers: Servers,
) -> None:
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers)
        oscar, truth = desk.client("oscar"), await a_connection(opened, desk)
        path, body, key = "/v1/grants/break-glass", wanted(desk), {"Idempotency-Key": str(uuid4())}
        holder = await a_connection(opened, desk)
        async with holder.transaction():
            await holder.execute("lock table records in share mode")
            asking = asyncio.create_task(oscar.post(path, json=body, headers=key))

            await until(lambda: truth.fetchval(ENDED), what="that the record waits, and ends")
            first = await asking
        assert first.status_code == 503, first.text
        assert await on_record(truth) == (0, 0)
        again = await oscar.post(path, json=body, headers=key)
        assert again.status_code == 200, again.text
        assert await on_record(truth) == (1, 1)
        repeated = await oscar.post(path, json=body, headers=key)
        assert read(repeated)["grant_id"] == read(again)["grant_id"]
        assert await on_record(truth) == (1, 1)


async def a_connection(opened: AsyncExitStack, desk: Desk) -> asyncpg.Connection:
    """Return an operator's connection, for as long as the stack lasts."""
    truth = await asyncpg.connect(desk.databases.admin_dsn("truth"))
    opened.push_async_callback(truth.close)
    return truth


async def test_each_that_was_taken_is_counted_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, publisher = TurnableClock(), Told()
    metrics = Metrics("permissions", "streams", "1")
    unusual = UnusualAccess(Habits(SETTINGS), publisher, clock, metrics)
    tried = {"subject": OSCAR, "permission": "grant:break_glass", "is_allowed": True, "code": "x"}
    end = clock.now() + timedelta(hours=4)
    for each in (
        DecisionRecorded(**tried, epoch=1, position=1, decided_at=clock.now()),
        DecisionsCounted(**tried, times=4, first_at=clock.now(), last_at=clock.now()),
        EmergencyTaken(grant_id=str(uuid4()), until=end),
        EmergencyTaken(grant_id=str(uuid4()), until=end),
    ):
        await unusual.take(a_record(each, clock.now()))
    publisher.is_away = True
    with pytest.raises(UnavailableError):
        await unusual.flush()
    publisher.is_away = False
    await unusual.flush()
    await unusual.flush()
    assert len([one for one in caplog.records if "emergency" in one.message]) == 2
    text, _ = await metrics.exposition("")
    [line] = [one for one in text.decode().splitlines() if 'pattern="emergency"' in one]
    assert line.endswith((" 2.0", " 2"))
