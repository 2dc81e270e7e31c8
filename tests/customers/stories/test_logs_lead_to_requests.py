"""What a round or a batch logs carries the trace of its event, so that it leads to the request."""

import logging
from collections.abc import Iterator

import pytest

from services.customers.projections.directory import Directory
from shared.errors import UnavailableError
from shared.messaging.sending import NoAcknowledgementError, send_round
from shared.observability.traces import current_trace_id
from shared.projecting.marks import move_marks
from shared.testing.waiting import until
from tests.customers.api.asking import ADA
from tests.ground.house import House

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-00"


class Lines(logging.Handler):
    """Keeps each line with the trace that the log would write beside it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen: list[tuple[str, str | None]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append((record.getMessage(), current_trace_id()))

    def traces_of(self, beginning: str) -> set[str | None]:
        return {trace for line, trace in self.seen if line.startswith(beginning)}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    caplog.set_level(logging.INFO, "shared")
    handler = Lines()
    logging.getLogger("shared").addHandler(handler)
    yield handler
    logging.getLogger("shared").removeHandler(handler)


async def register(house: House) -> None:
    headers = {"traceparent": TRACEPARENT}
    answer = await house.client("alice").post("/v1/customers", json=ADA, headers=headers)
    assert answer.status_code == 201


class FailsOnce:
    """Raises the first time it is called; then does what it stands for."""

    def __init__(self, error: Exception, really: object) -> None:
        self._error: Exception | None = error
        self._really = really

    async def __call__(self, *given: object) -> object:
        error, self._error = self._error, None
        if error is not None:
            raise error
        return await self._really(*given)  # type: ignore[operator]


async def test_a_round_that_fails_names_the_trace_of_its_event(
    house: House, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = FailsOnce(NoAcknowledgementError(), send_round)
    monkeypatch.setattr("shared.messaging.relay.send_round", once)
    await register(house)
    await house.start()
    await house.caught_up()
    assert lines.traces_of("the relay failed") == {TRACE_ID}
    assert lines.traces_of("relay leads") == {None}


async def test_a_batch_that_fails_names_the_trace_of_its_event(
    house: House, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = FailsOnce(UnavailableError("away"), move_marks)
    monkeypatch.setattr("shared.projecting.applying.move_marks", once)
    await register(house)
    await house.start()
    await house.caught_up()
    assert lines.traces_of("the projection failed") == {TRACE_ID}


async def test_an_event_that_is_parked_is_logged_with_its_own_trace(
    house: House, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def poison(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(Directory, "apply", poison)
    await register(house)
    await house.start()
    beginning = "an event cannot be applied"
    await until(lambda: lines.traces_of(beginning), what="that the event is parked")
    assert lines.traces_of(beginning) == {TRACE_ID}
