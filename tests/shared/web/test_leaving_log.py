"""From when on a process refuses who left is on record, and nothing of it is lost in silence."""

import asyncio
import logging

import pytest

from shared.authorization.leaving import DecidingProcess, Leaving, Leavings
from shared.eventstore.record_types import LeavingApplied
from shared.observability.metrics import Metrics
from shared.testing.waiting import until
from shared.web import leaving_log
from shared.web.leaving_log import MOST_AT_ONCE, LeavingLog
from tests.shared.authorization.story import NOON, SECOND
from tests.shared.web.stage import Stage

SERVICE = "the-service"


class Telling:
    """A log, where it writes, and what it has to tell."""

    def __init__(self) -> None:
        self.stage, self.leavings = Stage(), Leavings()
        self.metrics = Metrics("customers", "api", "1")
        process = DecidingProcess("customers/api/1", SERVICE, self.leavings)
        self.log = LeavingLog(process, self.stage, self.metrics)

    def leaves(self, subject: str) -> None:
        self.leavings.seen(Leaving(subject, NOON, NOON + SECOND, 2, False, 1, 7))

    async def untold(self) -> bool:
        text, _ = await self.metrics.exposition("")
        return b"daybook_leavings_untold 0.0" not in text


@pytest.fixture
def telling() -> Telling:
    telling = Telling()
    telling.metrics.found_out_by("leavings", telling.log.set_number)
    return telling


async def test_each_leaving_is_durable_and_told_once_however_many_there_are(
    telling: Telling,
) -> None:
    for number in range(MOST_AT_ONCE + 1):
        telling.leaves(f"p-{number}")
    assert await telling.log.tell()
    assert await telling.log.tell()
    assert len(telling.stage.kept_records) == MOST_AT_ONCE + 1
    how, record, subject, actor = telling.stage.kept_records[0]
    assert (how, subject, actor) == ("kept", "p-0", SERVICE)
    assert record == LeavingApplied(
        subject="p-0", process="customers/api/1", left_at=NOON, applied_at=NOON + SECOND,
        late_ms=1000, service_accounts=2, epoch=1, position=7,
    )  # fmt: skip


async def test_what_the_store_does_not_take_is_a_number_and_tried_again(
    telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving_log, "AGAIN_SECONDS", 0.01)
    telling.stage.is_store_down = True
    telling.leaves("ana")
    stop = asyncio.Event()
    running = asyncio.create_task(telling.log.run(stop))
    assert await telling.untold()
    telling.stage.is_store_down = False
    await until(lambda: telling.leavings.untold == 0, what="the leaving is told")
    assert not await telling.untold()
    stop.set()
    await running
    assert len(telling.stage.kept_records) == 1


async def test_what_is_lost_at_the_end_of_a_process_is_said(
    telling: Telling, caplog: pytest.LogCaptureFixture
) -> None:
    telling.leaves("ana")
    telling.stage.is_store_down = True
    with caplog.at_level(logging.CRITICAL):
        await telling.log.close()
    assert [record.__dict__["leavings"] for record in caplog.records] == [1]
    telling.stage.is_store_down = False
    await telling.log.close()
    assert len(telling.stage.kept_records) == 1


async def test_a_record_that_the_store_refuses_is_not_tried_for_ever(telling: Telling) -> None:
    telling.leaves("ana")
    telling.stage.refuses_records = True
    assert await telling.log.tell()
    assert telling.leavings.untold == 0
