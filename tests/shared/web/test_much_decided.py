"""Work may decide a hundred thousand times: all of it is on record, and little of it at once."""

import asyncio
from contextlib import suppress

import pytest

from shared.authorization.permissions import Permission
from shared.events import Event
from shared.testing.waiting import until
from shared.web.decision_log import TOLD_AT_ONCE
from tests.shared.authorization.story import BEN, a_customer
from tests.shared.web.stage import Stage
from tests.shared.web.test_decision_log import Work

MANY = 1_000


class Counting(Stage):
    """A keeper that knows how many were asked to be kept, and how many of them at once."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = self.waiting = self.most = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def keep(self, record: Event, *, subject: str, actor: str) -> None:
        self.asked += 1
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        await self.answers.wait()
        self.waiting -= 1
        await super().keep(record, subject=subject, actor=actor)


@pytest.fixture
def keeper() -> Counting:
    return Counting()


@pytest.fixture
def work(keeper: Counting) -> Work:
    """A thousand refusals, each of which is told by itself."""
    work = Work(everything=True, stage=keeper)
    for number in range(MANY):
        work.rights().check(Permission.CUSTOMERS_READ, a_customer(BEN, 0, str(number)))
    return work


async def test_refusals_are_durable_in_their_order_and_few_wait_at_once(
    work: Work, keeper: Counting
) -> None:
    assert await work.log.settle(work.notes)
    assert [(how, told.resource_id) for how, told in work.told()] == [
        ("kept", str(number)) for number in range(MANY)
    ]
    assert keeper.most == TOLD_AT_ONCE


async def test_a_store_that_takes_nothing_is_not_asked_for_each(
    work: Work, keeper: Counting
) -> None:
    keeper.is_store_down = True
    assert await work.log.settle(work.notes), "refused all the same"
    assert keeper.asked == TOLD_AT_ONCE
    keeper.is_store_down = False
    await work.log.tell(all_of_it=True)
    assert sum(one.times for one in work.counted()) == MANY


async def test_what_nobody_waits_for_any_more_is_durable_all_the_same(
    work: Work, keeper: Counting
) -> None:
    keeper.answers.clear()
    settling = asyncio.create_task(work.log.settle(work.notes))
    await until(lambda: keeper.waiting == TOLD_AT_ONCE, what="the first of them")
    settling.cancel()
    with suppress(asyncio.CancelledError):
        await settling
    assert work.told() == []
    keeper.answers.set()
    await work.log.tell(all_of_it=True)
    assert len({told.resource_id for _, told in work.told()}) == len(work.told()) == MANY
    assert work.counted() == []
