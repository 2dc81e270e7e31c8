"""Work of somebody who left is on record where it was cut, and so is a token of what they own."""

import asyncio

import pytest

from shared.authorization.leaving import DecidingProcess, Leaving, Leavings
from shared.authorization.permissions import Permission
from shared.authorization.questions import Circumstances
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Noted, Rights
from shared.errors import NotPermittedError
from shared.events import Event
from shared.eventstore.decision_types import DecisionRecorded
from shared.eventstore.record_types import WorkEnded
from shared.web.decision_log import DecisionLog
from tests.shared.authorization.story import ANA, BEN, CAT, DAN, NOON, SECOND, a_story
from tests.shared.web.stage import Stage

PROCESS = "customers/api/1"
WATCH, READ = Permission.CUSTOMERS_WATCH, Permission.CUSTOMERS_READ


class Desk:
    """A process that decides a second after Ana left, who owns Dan."""

    def __init__(self) -> None:
        self.stage, self.notes = Stage(), list[Noted]()
        story = a_story().permission("customer:watch").service(DAN, owner=ANA)
        self.basis = Basis(story.of(ANA, "SubjectLeft").world, 1, moment(NOON + SECOND), 0.0)
        self.leavings = Leavings()
        self.leavings.seen(Leaving(ANA, NOON, NOON, 1, False, 1, 7))
        process = DecidingProcess(PROCESS, "the-service", self.leavings)
        self.log = DecisionLog(self.stage, self.stage.clock, process=process)

    async def refuses(
        self, subject: str, permission: Permission, actor: str | None = None, **more: object
    ) -> None:
        around = Circumstances(actor=actor)
        rights = Rights(self.basis, subject, around, noted=self.notes.append)
        with pytest.raises(NotPermittedError):
            rights.require(permission)
        await self.log.settle(self.notes, "an_operation", **more)  # type: ignore[arg-type]

    def ended(self) -> list[WorkEnded]:
        kept = [record for _, record, _, _ in self.stage.kept_records]
        return [record for record in kept if isinstance(record, WorkEnded)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_what_was_under_way_is_told_with_its_milliseconds(desk: Desk) -> None:
    await desk.refuses(ANA, WATCH, is_running=True, target="one")
    assert desk.ended() == [
        WorkEnded(
            subject=ANA, process=PROCESS, kind="watch", operation="an_operation", target="one",
            left_at=NOON, ended_at=NOON + SECOND, late_ms=1000,
        )
    ]  # fmt: skip
    [decision] = [one for _, one, _, _ in desk.stage.kept_records if type(one) is DecisionRecorded]
    assert decision.process == PROCESS


async def test_what_was_cut_is_told_also_when_nobody_waits_for_its_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers, keep = asyncio.Event(), asyncio.Event(), desk.stage.keep

    async def slowly(record: Event, *, subject: str, actor: str) -> None:
        asked.set()
        await answers.wait()
        await keep(record, subject=subject, actor=actor)

    monkeypatch.setattr(desk.stage, "keep", slowly)
    settling = asyncio.create_task(desk.refuses(ANA, WATCH, is_running=True))
    await asked.wait()
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    answers.set()
    await desk.log.tell(all_of_it=True)
    assert [one.kind for one in desk.ended()] == ["watch"]


async def test_a_new_request_cuts_nothing_and_nobody_else_is_cut_for_leaving(desk: Desk) -> None:
    await desk.refuses(ANA, WATCH)
    await desk.refuses(BEN, WATCH, is_running=True)
    assert desk.ended() == []


async def test_what_is_done_in_somebodys_name_ends_with_whoever_does_it(desk: Desk) -> None:
    await desk.refuses(BEN, WATCH, ANA, is_running=True)
    [ended] = desk.ended()
    assert (ended.kind, ended.subject, ended.late_ms) == ("watch", ANA, 1000)
    assert ended.service_account is None


async def test_whoever_is_there_and_acts_no_more_is_not_cut_for_leaving(desk: Desk) -> None:
    await desk.refuses(BEN, WATCH, CAT, is_running=True)
    assert desk.ended() == []


async def test_the_first_use_of_an_account_is_told_once_for_each_leaving_of_its_owner(
    desk: Desk,
) -> None:
    await desk.refuses(DAN, READ)
    await desk.refuses(DAN, WATCH, is_running=True)
    token, watch = desk.ended()
    assert (token.kind, token.subject, token.service_account) == ("service_token", ANA, DAN)
    assert (watch.kind, watch.subject, watch.service_account) == ("watch", ANA, DAN)
    desk.leavings.seen(Leaving(ANA, NOON + SECOND, NOON + SECOND, 1, False, 1, 9))
    await desk.refuses(DAN, READ)
    assert [one.late_ms for one in desk.ended() if one.kind == "service_token"] == [1000, 0]


async def test_since_when_is_not_said_where_nobody_knows(desk: Desk) -> None:
    desk.leavings = Leavings()
    process = DecidingProcess(PROCESS, "the-service", desk.leavings)
    desk.log = DecisionLog(desk.stage, desk.stage.clock, process=process)
    await desk.refuses(ANA, WATCH, is_running=True)
    assert [(one.left_at, one.late_ms) for one in desk.ended()] == [(None, None)]


async def test_what_the_store_does_not_take_is_told_later(desk: Desk) -> None:
    desk.stage.is_store_down = True
    await desk.refuses(ANA, WATCH, is_running=True)
    assert desk.ended() == []
    desk.stage.is_store_down = False
    await desk.log.tell()
    await desk.log.tell()
    assert len(desk.ended()) == 1
