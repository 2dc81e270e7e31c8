"""Access taken in an emergency is told exactly: who, which grant, when, and until when."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.permissions.roles.service import SERVICE
from services.permissions.streams.events import EmergencyAccessTaken
from services.permissions.streams.habits import Habits, UnusualSettings
from services.permissions.streams.unusual import UnusualAccess
from shared.errors import UnavailableError
from shared.eventstore.record_types import EmergencyTaken
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topics import Topic
from shared.observability.metrics import UNMEASURED
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.testing.clock import TurnableClock
from tests.customers.api.asking import assert_problem, read
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


async def test_nobody_is_answered_before_it_is_on_record_and_asked_again_it_is_taken_once(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers)
        oscar, records = desk.client("oscar"), desk.foundation.records
        keep, is_away = records.keep, True

        async def keep_or_not(record: EmergencyTaken, *, subject: str, actor: str) -> None:
            if is_away and isinstance(record, EmergencyTaken):
                raise UnavailableError("no", code="record-not-kept", fix="Try again.")
            await keep(record, subject=subject, actor=actor)

        monkeypatch.setattr(records, "keep", keep_or_not)
        path, body, key = "/v1/grants/break-glass", wanted(desk), {"Idempotency-Key": str(uuid4())}
        first = await oscar.post(path, json=body, headers=key)
        assert_problem(first, 503, "record-not-kept")
        is_away = False
        again = await oscar.post(path, json=body, headers=key)
        assert again.status_code == 200, again.text
        rows = await desk.foundation.truth.fetch(
            "select data from records where type = 'EmergencyTaken'"
        )
        (record,) = [EmergencyTaken.model_validate_json(row["data"]) for row in rows]
        assert record.grant_id == read(again)["grant_id"]
        grants = {"subject_id": IDS["oscar"], "to_review": "true"}
        (grant,) = read(await desk.client("erin").get("/v1/grants", params=grants))["items"]
        assert grant["id"] == record.grant_id
