"""Operators are told how long access reviews have been overdue, and for want of what."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from services.permissions.application.deciding import deciding_on
from services.permissions.application.review_numbers import ReviewNumbers
from services.permissions.application.reviewing import ReviewWork
from shared.errors import UnavailableError
from shared.observability.metrics import Metrics
from shared.testing.clock import TurnableClock
from tests.customers.api.asking import Json, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.reviewing import decided, get, post
from tests.permissions.api.set_up import set_up_desk

A_DAY = 86_400.0
AN_HOUR = 3_600.0
DUE = "2026-03-12T12:00:00Z"
UNTIL_DUE = 8 * A_DAY


@dataclass(frozen=True, slots=True)
class Watch:
    """A desk, its clock, and the numbers that Prometheus gets of it."""

    desk: Desk
    clock: TurnableClock
    metrics: Metrics

    async def starts(self) -> str:
        """Start a review of those who help; the administrator is to decide on it."""
        said: Json = {"title": "Who helps", "roles": ["support_agent"], "due": DUE}
        answer = await post(self.desk, "erin", "", **said)
        assert answer.status_code == 201, answer.text
        return str(read(answer)["id"])

    async def numbers(self) -> dict[str, float]:
        """Return what is told of overdue reviews, by what they lack."""
        body, _ = await self.metrics.exposition("text/plain")
        told = r'^daybook_review_overdue_seconds\{lacks="(\w+)"\} (\S+)$'
        return {lack: float(age) for lack, age in re.findall(told, body.decode(), re.MULTILINE)}

    async def decides(self, review: str) -> None:
        """Decide on every item that waits."""
        for item in read(await get(self.desk, "erin", f"/{review}/items"))["items"]:
            answer = await post(
                self.desk, "erin", f"/{review}/decisions", items=[decided(item["number"], "keep")]
            )
            assert answer.status_code == 200, answer.text

    async def signs_off(self, review: str) -> None:
        version = read(await get(self.desk, "erin", f"/{review}"))["version"]
        answer = await post(self.desk, "erin", f"/{review}/sign-off", version)
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def watch(servers: Servers) -> AsyncIterator[Watch]:
    clock, metrics = TurnableClock(), Metrics("permissions", "api", "1.2.3")
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers, clock=clock)
        numbers = ReviewNumbers(deciding_on(desk.foundation), metrics)
        metrics.found_out_by("reviews", numbers.set)
        yield Watch(desk, clock, metrics)


async def test_a_review_is_overdue_until_it_is_decided_and_signed_off(watch: Watch) -> None:
    assert await watch.numbers() == {"decisions": 0, "sign_off": 0}
    review = await watch.starts()
    watch.clock.turn(UNTIL_DUE)
    assert await watch.numbers() == {"decisions": 0, "sign_off": 0}
    watch.clock.turn(AN_HOUR)
    assert await watch.numbers() == {"decisions": AN_HOUR, "sign_off": 0}
    await watch.decides(review)
    assert await watch.numbers() == {"decisions": 0, "sign_off": AN_HOUR}
    await watch.signs_off(review)
    assert await watch.numbers() == {"decisions": 0, "sign_off": 0}


async def test_a_review_that_stopped_at_its_end_is_overdue_and_the_oldest_counts(
    watch: Watch,
) -> None:
    await watch.starts()
    worker = ReviewWork(deciding_on(watch.desk.foundation))
    watch.clock.turn(UNTIL_DUE)
    await worker.do_all()
    watch.clock.turn(3 * A_DAY)
    await worker.do_all()
    halted = [one["state"] for one in read(await get(watch.desk, "erin"))["items"]]
    assert halted.count("halted") == 1
    assert await watch.numbers() == {"decisions": 3 * A_DAY, "sign_off": 0}


async def test_what_the_store_does_not_say_is_told_by_no_old_number(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_away(*_: object) -> None:
        raise UnavailableError("the store does not answer")

    assert await watch.numbers() == {"decisions": 0, "sign_off": 0}
    with monkeypatch.context() as broken:
        broken.setattr(watch.desk.foundation.truth, "fetchval", is_away)
        assert await watch.numbers() == {}
    assert await watch.numbers() == {"decisions": 0, "sign_off": 0}
