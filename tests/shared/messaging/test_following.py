"""A reader begins anew where nothing more can come, and not because an end is told late."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from shared.messaging import following
from shared.messaging.following import LOOK_EVERY_POLLS, follow
from shared.messaging.topics import PERMISSIONS
from shared.settings import KafkaSettings

HERE = TopicPartition(PERMISSIONS.name, 0)
LOOKS = 4


class Log:
    """A consumer at offset 5 whose broker tells each of these ends, and then the last for ever."""

    def __init__(self, *ends: int, quiet: bool = True) -> None:
        self._ends = list(ends)
        self._is_quiet = quiet
        self._at = 5
        self._polls = 0
        self.begun = 0
        self.stop = asyncio.Event()

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    async def topics(self) -> set[str]:
        return {PERMISSIONS.name}

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[ConsumerRecord]]:
        assert timeout_ms
        await asyncio.sleep(0)
        self._polls += 1
        if self._polls == LOOKS * LOOK_EVERY_POLLS:
            self.stop.set()
        self._at += not self._is_quiet
        return {} if self._is_quiet else {HERE: []}

    async def end_offsets(self, _places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {HERE: self._ends.pop(0) if len(self._ends) > 1 else self._ends[0]}

    async def position(self, _place: TopicPartition) -> int:
        return self._at


async def begun_anew(log: Log, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Say whether whoever follows the log begins anew within some looks."""

    @asynccontextmanager
    async def reading(*_: object, **__: object) -> AsyncIterator[Log]:
        log.begun += 1
        if log.begun > 1:
            log.stop.set()
        yield log

    def take(records: Iterable[ConsumerRecord]) -> None:
        del records

    monkeypatch.setattr(following, "reading", reading)
    monkeypatch.setattr(following, "PAUSE_SECONDS", 0)
    await follow(KafkaSettings(), PERMISSIONS, take, log.stop, begin="last")
    return log.begun > 1


@pytest.mark.parametrize(
    "log",
    [Log(5), Log(4, 5), Log(6, 5), Log(4, 5, 4, 5), Log(3, quiet=False)],
    ids=["level", "end told late", "more, which comes next", "late at each look", "what comes"],
)
async def test_a_reader_goes_on_reading(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not await begun_anew(log, monkeypatch)


@pytest.mark.parametrize("log", [Log(2), Log(9)], ids=["the log was emptied", "more never comes"])
async def test_a_reader_from_whose_place_nothing_comes_any_more_begins_anew(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await begun_anew(log, monkeypatch)
