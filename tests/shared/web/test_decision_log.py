"""Each decision is told or counted, never both and never neither, and no refusal is lost to it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shared.authorization.asking_again import asked_again, is_as_told
from shared.authorization.permissions import Permission
from shared.authorization.questions import Circumstances, Record
from shared.authorization.rights import Basis, Noted, Rights
from shared.authorization.world import World
from shared.errors import NotFoundError
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.testing.clock import TurnableClock
from shared.testing.waiting import until
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.decision_log import MOST_EQUAL_DECISIONS, DecisionLog
from shared.web.routes import Routes
from tests.shared.authorization.story import ANA, BEN, a_customer, a_story, may_act
from tests.shared.web.stage import SOMEBODY, Stage

READ, CHANGE = Permission.CUSTOMERS_READ, Permission.CUSTOMERS_CHANGE
ERASE, EXPORT = Permission.CUSTOMERS_ERASE, Permission.CUSTOMERS_EXPORT
OURS = a_customer(ANA, 0, SOMEBODY)


def a_world() -> World:
    story = a_story().permission("customer:export")
    story.role("rep", customer_read="own/internal", customer_erase="own/internal")
    return story.allow("rep", "customer:export", "own/internal").give(ANA, "rep").world


class Work:
    """A log, the keeper that it writes to, and whoever decides."""

    def __init__(self, *, everything: bool = False, stage: Stage | None = None) -> None:
        self.stage = stage or Stage()
        self.clock: TurnableClock = self.stage.clock
        self.log = DecisionLog(self.stage, self.clock, everything=everything)
        self.notes: list[Noted] = []
        self.basis = Basis(a_world(), 1, 0, 0.0)

    def rights(self, around: Circumstances | None = None) -> Rights:
        now = int(self.clock.now().timestamp()) * 1_000_000
        basis = replace(self.basis, now=now)
        return Rights(basis, ANA, around or Circumstances(), self.notes.append)

    def told(self) -> list[tuple[str, DecisionRecorded]]:
        return [
            (how, record)
            for how, record, _, _ in self.stage.kept_records
            if isinstance(record, DecisionRecorded)
        ]

    def counted(self) -> list[DecisionsCounted]:
        kept = [record for _, record, _, _ in self.stage.kept_records]
        return [record for record in kept if isinstance(record, DecisionsCounted)]


@pytest.fixture
def work() -> Work:
    return Work()


async def test_ordinary_allowances_are_counted_every_five_seconds(work: Work) -> None:
    began = work.clock.now().replace(microsecond=0)
    for _ in range(3):
        work.rights().require(READ)
        work.rights().require(READ, OURS)
        assert not await work.log.settle(work.notes)
        work.clock.turn(1)
        await work.log.tell()
    assert work.stage.kept_records == []
    work.clock.turn(2)
    await work.log.tell()
    assert [(one.resource_type, one.times, one.is_allowed) for one in work.counted()] == [
        (None, 3, True), ("customer", 3, True),
    ]  # fmt: skip
    [one, _] = work.counted()
    assert (one.first_at - began).total_seconds() < 1.01
    assert round((one.last_at - one.first_at).total_seconds()) == 2
    assert work.told() == []


@pytest.mark.parametrize("permission", [ERASE, EXPORT])
async def test_what_is_critical_or_takes_data_out_is_told_though_it_is_allowed(
    work: Work, permission: Permission
) -> None:
    work.rights().require(permission, OURS)
    assert not await work.log.settle(work.notes, "an_operation")
    [(how, told)] = work.told()
    assert (how, told.is_allowed, told.operation) == ("noted", True, "an_operation")


async def test_whoever_acts_for_somebody_else_is_told_with_both(work: Work) -> None:
    story = may_act(a_story().role("rep", customer_read="own/internal").give(ANA, "rep"), BEN)
    world = story.acts(BEN, ANA, datetime.max.replace(tzinfo=UTC)).world
    work.basis = replace(work.basis, world=world)
    for _ in range(MOST_EQUAL_DECISIONS + 1):
        work.rights(Circumstances(actor=BEN)).require(READ, OURS)
    await work.log.settle(work.notes)
    told = [record for _, record in work.told()]
    assert len(told) == MOST_EQUAL_DECISIONS + 1
    assert {(one.subject, one.actor, one.is_allowed) for one in told} == {(ANA, BEN, True)}
    assert {actor for *_, actor in work.stage.kept_records} == {BEN}
    assert is_as_told(asked_again(world, told[0]), told[0])


async def test_a_refusal_is_durable_and_under_the_customer_and_can_be_asked_again(
    work: Work,
) -> None:
    theirs = a_customer(BEN, 0, SOMEBODY)
    assert not work.rights().check(READ, theirs)[0]
    assert await work.log.settle(work.notes)
    [(how, told)] = work.told()
    assert (how, told.code, work.stage.kept_records[0][2]) == ("kept", "out_of_scope", SOMEBODY)
    assert is_as_told(asked_again(a_world(), told), told)


async def test_a_change_tells_the_side_that_refuses_and_rows_and_views_are_decisions_too(
    work: Work,
) -> None:
    theirs = a_customer(BEN, 0, SOMEBODY)
    assert not work.rights().change(READ, OURS, theirs)[0]
    work.rights().view(READ, theirs)
    await work.log.settle(work.notes)
    assert [told.owner for _, told in work.told()] == [BEN, BEN]
    await work.log.tell(all_of_it=True)
    assert [one.times for one in work.counted()] == [1]


async def test_whoever_only_asks_what_else_there_is_is_not_refused(work: Work) -> None:
    assert not work.rights().may(CHANGE)
    assert work.rights().may(READ)
    assert not await work.log.settle(work.notes)
    assert work.told() == []


async def test_after_a_hundred_within_a_minute_equal_ones_are_counted(work: Work) -> None:
    for _ in range(130):
        work.rights().check(CHANGE, OURS)
    assert await work.log.settle(work.notes)
    assert len(work.told()) == 100
    await work.log.tell()
    assert work.counted() == []
    work.clock.turn(61)
    await work.log.tell()
    assert [(one.times, one.is_allowed, one.code) for one in work.counted()] == [
        (30, False, "unknown_permission")
    ]


async def test_with_the_setting_each_is_told(work: Work) -> None:
    work = Work(everything=True)
    for _ in range(150):
        work.rights().check(READ, OURS)
    await work.log.settle(work.notes)
    await work.log.tell(all_of_it=True)
    assert (len(work.told()), work.counted()) == (150, [])


async def test_what_the_store_does_not_take_is_counted_and_told_later(work: Work) -> None:
    work.stage.is_store_down = True
    for permission, record in ((CHANGE, OURS), (ERASE, OURS), (READ, OURS)):
        work.rights().check(permission, record)
    assert await work.log.settle(work.notes)
    await work.log.tell(all_of_it=True)
    assert work.stage.kept_records == []
    work.stage.is_store_down = False
    await work.log.tell(all_of_it=True)
    assert sorted((one.permission, one.times) for one in work.counted()) == [
        (CHANGE, 1), (ERASE, 1), (READ, 1),
    ]  # fmt: skip


async def test_a_decision_that_cannot_be_told_is_counted_and_stays_what_it_is(
    work: Work, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> DecisionRecorded:
        raise RuntimeError

    monkeypatch.setattr("shared.web.decision_log.decision_of", broken)
    work.rights().check(CHANGE, OURS)
    assert await work.log.settle(work.notes)
    assert "could not be written down" in caplog.text
    await work.log.tell(all_of_it=True)
    assert [one.times for one in work.counted()] == [1]


async def test_work_that_no_request_waits_for_is_on_record_within_a_second(work: Work) -> None:
    rights = Rights(work.basis, ANA, noted=work.log.noted)
    rights.check(CHANGE, OURS)
    assert work.told() == []
    await work.log.tell()
    assert len(work.told()) == 1


class TestRoutes:
    """What handlers decide about records is on record as well."""

    async def test_a_handler_that_shows_nothing_there_has_refused_on_the_record(self) -> None:
        stage = Stage()

        async def read(_request: Request, caller: Caller) -> Response:
            """Read one."""
            if not stage.guard.rights(caller).check(CHANGE, Record("customer", SOMEBODY))[0]:
                raise NotFoundError("There is no such customer.", fix="List them.")
            return JsonAnswer({})

        _add(stage, read)
        assert (await stage.ask("dave", "GET", "/v1/one")).status_code == 404
        [(how, record, subject, _)] = stage.kept_records
        assert isinstance(record, DecisionRecorded)
        assert (how, subject, record.operation) == ("kept", SOMEBODY, "read_one")

    @pytest.mark.parametrize(
        ("sent", "told"),
        [
            (["7f3e-erp/4711", "another"], "7f3e-erp/4711"), (["x" * 200], "x" * 200),
            ([], None), (["x" * 201], None), (["ada.lovelace@house.example"], None),
        ],
    )  # fmt: skip
    async def test_a_refusal_has_the_id_that_the_caller_gave_the_request_if_it_is_one(
        self, sent: list[str], told: str | None
    ) -> None:
        stage = Stage()

        async def read(_request: Request, caller: Caller) -> Response:
            """Read one."""
            stage.guard.rights(caller).check(CHANGE)
            return JsonAnswer({})

        _add(stage, read)
        async with stage.client() as client:
            numbered = [("X-Request-ID", one) for one in sent]
            await client.get("/v1/one", headers=[*stage.signed_in("dave").items(), *numbered])
        [record] = [record for _, record, *_ in stage.kept_records]
        assert isinstance(record, DecisionRecorded)
        assert record.request_id == told

    async def test_what_is_decided_while_an_answer_leaves_is_on_record_meanwhile(self) -> None:
        stage, go_on, stop = Stage(), asyncio.Event(), asyncio.Event()

        async def export(_request: Request, caller: Caller) -> Response:
            """Export."""

            async def pieces() -> AsyncIterator[bytes]:
                stage.guard.rights(caller).check(CHANGE)
                yield b"one"
                await go_on.wait()
                stage.guard.rights(caller).check(ERASE)

            return StreamingResponse(pieces())

        _add(stage, export)
        running = asyncio.create_task(stage.recorder.run(stop))
        asking = asyncio.create_task(stage.ask("dave", "GET", "/v1/one"))
        await until(lambda: len(stage.kept_records) == 1, what="the refusal under way")
        go_on.set()
        assert (await asking).status_code == 200
        told = [record for _, record, _, _ in stage.kept_records]
        assert [one.permission for one in told if isinstance(one, DecisionRecorded)] == [
            CHANGE, ERASE,
        ]  # fmt: skip
        stop.set()
        await running


def _add(stage: Stage, handler: object) -> None:
    routes = Routes(stage.app, stage.guard, stage.recorder)
    found = {200: Answer("It.")}
    routes.add("GET", "/v1/one", "read_one", READ, handler, answers=found)  # type: ignore[arg-type]
