"""Records are durable when they were said to be, many cost one transaction, none is dropped."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import asyncpg
import pytest

from shared.errors import EventTooLargeError, UnavailableError
from shared.eventstore import records
from shared.eventstore.partitioning import partition_of
from shared.eventstore.record_types import AccessRecorded, OperatorActed
from shared.eventstore.records import RecordKeeper, RecordRefusedError
from shared.observability.metrics import Metrics
from shared.observability.traces import Tracing, current_traceparent
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.testing.clock import NOON, TurnableClock
from shared.testing.waiting import until
from tests.ground.servers import Databases
from tests.shared.eventstore.conftest import PARTITIONS

READ = AccessRecorded(operation="get_note", route="/notes/{id}", permission="notes.read")
TRANSACTIONS = "select count(distinct txid) from records"
KEPT = "select * from records order by position"


class GatedLanes(Lanes):
    """Lanes whose statements wait at a gate, and may be told to fail there."""

    def __init__(self, databases: Databases) -> None:
        super().__init__(dsn_for(databases.truth_dsn, "api"), 2, application_name="test")
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_the_gate = 0
        self.failure: Exception | None = None

    async def execute(self, sql: str, *arguments: object) -> str:
        self.at_the_gate += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return await super().execute(sql, *arguments)


@pytest.fixture
async def gated(databases: Databases) -> AsyncIterator[GatedLanes]:
    its = GatedLanes(databases)
    await its.open()
    yield its
    await its.close()


@pytest.fixture
async def keeper(gated: GatedLanes, clock: TurnableClock) -> AsyncIterator[RecordKeeper]:
    its = RecordKeeper(gated, clock, PARTITIONS)
    yield its
    gated.gate.set()
    gated.failure = None
    await its.close()


async def _keep(keeper: RecordKeeper, subject: str = "ada") -> None:
    await keeper.keep(READ, subject=subject, actor="alice")


async def test_a_record_is_in_the_store_when_keep_returns(
    keeper: RecordKeeper, admin: asyncpg.Connection
) -> None:
    with Tracing().root("canary"):
        traceparent = current_traceparent()
        await _keep(keeper)
    [row] = await admin.fetch(KEPT)
    assert (row["type"], row["stream"], row["subject"]) == ("AccessRecorded", "records-ada", "ada")
    assert row["partition"] == partition_of("ada", PARTITIONS)
    assert (row["version"], row["schema_version"]) == (row["position"], 1)
    assert (row["actor"], row["recorded_at"]) == ("alice", NOON)
    assert row["traceparent"] == traceparent
    assert row["correlation_id"].hex == (traceparent or "")[3:35]
    assert AccessRecorded.model_validate_json(row["data"]) == READ


async def test_what_is_noted_waits_for_others_until_somebody_waits_for_it(
    keeper: RecordKeeper,
    gated: GatedLanes,
    admin: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await keeper.note(READ, subject="soon", actor="alice")
    await until(lambda: gated.at_the_gate == 1, what="that it is kept though no other comes")
    monkeypatch.setattr(records, "NOTED_WAITS_SECONDS", 3_600.0)
    for subject in ("note-1", "note-2", "note-3"):
        await keeper.note(READ, subject=subject, actor="alice")
    await _keep(keeper)
    subjects = [row["subject"] for row in await admin.fetch(KEPT)]
    assert subjects == ["soon", "note-1", "note-2", "note-3", "ada"]
    assert await admin.fetchval(TRANSACTIONS) == 2
    await keeper.note(READ, subject="last", actor="alice")
    await keeper.close()
    assert await admin.fetchval("select count(*) from records") == 6


async def test_what_is_noted_while_there_is_no_more_room_is_kept_at_once(
    gated: GatedLanes, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "NOTED_WAITS_SECONDS", 3_600.0)
    keeper = RecordKeeper(gated, clock, PARTITIONS, most_waiting=2)
    for subject in ("note-1", "note-2", "note-3"):
        await keeper.note(READ, subject=subject, actor="alice")
    await keeper.close()


async def test_nobody_waits_for_what_was_only_noted(
    keeper: RecordKeeper, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "NOTED_WAITS_SECONDS", 3_600.0)
    many = records.MOST_PER_CALL + 100
    for n in range(many):
        await keeper.note(READ, subject=f"note-{n}", actor="alice")
    await _keep(keeper)
    for n in range(many):
        await keeper.note(READ, subject=f"more-{n}", actor="alice")
    await keeper.close()
    assert await admin.fetchval("select count(*) from records") == 2 * many + 1


async def test_what_comes_while_a_call_runs_goes_into_the_next_one(
    keeper: RecordKeeper, gated: GatedLanes, admin: asyncpg.Connection
) -> None:
    gated.gate.clear()
    first = asyncio.create_task(_keep(keeper))
    await until(lambda: gated.at_the_gate == 1, what="the first call")
    others = [asyncio.create_task(_keep(keeper, f"note-{n}")) for n in range(400)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert not any(task.done() for task in [first, *others])
    gated.gate.set()
    await asyncio.gather(first, *others)
    assert await admin.fetchval(TRANSACTIONS) == 2
    subjects = [row["subject"] for row in await admin.fetch(KEPT)]
    assert subjects == ["ada", *(f"note-{n}" for n in range(400))]


async def test_a_note_does_not_wait_for_the_store_until_there_is_no_room(
    gated: GatedLanes, clock: TurnableClock, admin: asyncpg.Connection
) -> None:
    keeper = RecordKeeper(gated, clock, PARTITIONS, most_waiting=2)
    gated.gate.clear()

    async def note(subject: str) -> None:
        await keeper.note(READ, subject=subject, actor="alice")

    await note("under way")
    await until(lambda: gated.at_the_gate == 1, what="the first call")
    await note("waits 1")
    await note("waits 2")
    no_room = asyncio.create_task(note("has no room"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not no_room.done()
    gated.gate.set()
    await no_room
    await keeper.close()
    subjects = [row["subject"] for row in await admin.fetch(KEPT)]
    assert subjects == ["under way", "waits 1", "waits 2", "has no room"]


async def test_a_record_that_cannot_be_kept_in_time_is_told_and_not_kept_later(
    gated: GatedLanes, clock: TurnableClock, admin: asyncpg.Connection
) -> None:
    keeper = RecordKeeper(gated, clock, PARTITIONS, most_waiting=1, within_seconds=0.1)
    gated.failure = asyncpg.DiskFullError("no room")
    await keeper.note(READ, subject="noted", actor="alice")
    await until(lambda: gated.at_the_gate > 1, what="that it is tried again")
    for _ in range(2):  # the second finds the only place taken
        with pytest.raises(UnavailableError) as told:
            await _keep(keeper, "given up")
        assert told.value.problem_code == "record-not-kept"
    gated.failure = None

    async def kept(*subjects: str) -> bool:
        return [row["subject"] for row in await admin.fetch(KEPT)] == list(subjects)

    await until(partial(kept, "noted"), what="that the first note is kept")
    await keeper.note(READ, subject="afterwards", actor="alice")
    await until(partial(kept, "noted", "afterwards"), what="that both notes are, and nothing else")


async def test_a_note_that_finds_no_room_for_long_is_told(
    gated: GatedLanes, clock: TurnableClock
) -> None:
    keeper = RecordKeeper(gated, clock, PARTITIONS, most_waiting=1, within_seconds=0.05)
    gated.gate.clear()
    await keeper.note(READ, subject="under way", actor="alice")
    await until(lambda: gated.at_the_gate == 1, what="the first call")
    await keeper.note(READ, subject="waits", actor="alice")
    with pytest.raises(UnavailableError):
        await keeper.note(READ, subject="has no room", actor="alice")
    gated.gate.set()
    await keeper.close()


@pytest.mark.parametrize("is_lost_before", [True, False])
async def test_a_server_that_goes_away_under_a_call_gets_each_record_once(
    keeper: RecordKeeper, gated: GatedLanes, admin: asyncpg.Connection, *, is_lost_before: bool
) -> None:
    its: list[tuple[Any, ...]] = []
    execute = Lanes.execute

    async def ends_badly(lanes: Lanes, sql: str, *arguments: object) -> str:
        its.append(arguments)
        if len(its) == 1:
            if not is_lost_before:
                await execute(lanes, sql, *arguments)
            raise UnavailableError("gone")
        return await execute(lanes, sql, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lanes, "execute", ends_badly)
        await _keep(keeper)
    assert its[0] == its[1]
    assert await admin.fetchval("select count(*) from records") == 1


async def test_an_odd_id_stops_nobody_elses_record(
    keeper: RecordKeeper, admin: asyncpg.Connection
) -> None:
    await asyncio.gather(
        keeper.keep(READ, subject="a\0b", actor="\ud800"), _keep(keeper), _keep(keeper)
    )
    subjects = [(row["subject"], row["actor"]) for row in await admin.fetch(KEPT)]
    assert subjects == [("a?b", "?"), ("ada", "alice"), ("ada", "alice")]


@pytest.mark.parametrize("refused", ["a\0b", "\ud800"], ids=["by PostgreSQL", "by its client"])
async def test_a_record_that_the_store_refuses_stops_no_other_and_is_told(
    gated: GatedLanes,
    clock: TurnableClock,
    admin: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    refused: str,
) -> None:
    # As if there were a value that we do not know the store to refuse.
    monkeypatch.setattr("shared.eventstore.records._storable", str)
    metrics = Metrics("customers", "api", "1")
    keeper = RecordKeeper(gated, clock, PARTITIONS, metrics)
    gated.gate.clear()
    await keeper.note(READ, subject="under way", actor="alice")
    await until(lambda: gated.at_the_gate == 1, what="the first call")
    waits = asyncio.create_task(keeper.keep(READ, subject="bea", actor=refused))
    others = [asyncio.create_task(_keep(keeper, f"note-{n}")) for n in range(3)]
    await asyncio.sleep(0)
    await keeper.note(READ, subject="bea", actor=refused)
    gated.gate.set()
    await asyncio.gather(*others)
    with pytest.raises(RecordRefusedError):
        await waits
    await _keep(keeper, "afterwards")
    subjects = [row["subject"] for row in await admin.fetch(KEPT)]
    assert subjects == ["under way", "note-0", "note-1", "note-2", "afterwards"]
    lines = [r for r in caplog.records if r.levelname == "CRITICAL"]
    assert [line.__dict__["record"] for line in lines] == ["AccessRecorded"] * 2
    assert refused not in caplog.text
    text, _ = await metrics.exposition("")
    assert b'daybook_records_refused_total{type="AccessRecorded"} 2.0' in text


async def test_a_record_that_kafka_would_refuse_is_refused_at_once(keeper: RecordKeeper) -> None:
    large = OperatorActed(action="note.drop", target="x" * 60_001)
    with pytest.raises(EventTooLargeError):
        await keeper.note(large, subject="ada", actor="oscar")
