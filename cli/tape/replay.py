"""Our own rule passes the tape: a pure reader that judges each record as our projections do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from cli.tape.book import Book, Fact
from cli.tape.recorded import Life, Record, Recorded
from shared.messaging.verdicts import Verdict, judge

Json = dict[str, Any]


class EndlessError(Exception):
    """A partition waits for events that neither the log nor the feed has."""


@dataclass(slots=True)
class Version:
    """One version of the read model, filled in one epoch."""

    book: Book
    epoch: int = 0
    marks: dict[int, int] = field(default_factory=dict)


class Reader:
    """Follows one source through one scene."""

    def __init__(self, source: str, topic: str) -> None:
        self._source = source
        self._topic = topic
        self._life = Life([], {}, {})
        self._version = Version(Book(lambda kid: self._life.keys[kid]))
        self._early: dict[int, int] = {}

    def read(self, scene: Recorded) -> Json:
        """Read every life of the log to its end and return the end state.

        Raises:
            EndlessError: something never came.
        """
        for life in scene.lives:
            self._life = life
            self._early.clear()
            self._take(life.records)
            while self._early:
                self._fill(min(self._early))
        return {"marks": self._marks(), **self._version.book.as_json()}

    def _fill(self, partition: int) -> None:
        """Read a partition that has a gap again from its first record, then ask the feed."""
        self._take(r for r in self._life.records if r.partition == partition)
        if partition not in self._early:
            return
        epoch, items = self._life.feed.get(partition, (0, []))
        for item in items:
            self._judge(partition, epoch, item["feed_position"], _from_feed(item))
        if partition in self._early:
            raise EndlessError(f"partition {partition} waits behind {self._version.marks}")

    def _take(self, records: Iterable[Record]) -> None:
        for record in records:
            if record.source == self._source:
                self._judge(record.partition, record.epoch, record.feed_position, record.fact)

    def _judge(self, partition: int, epoch: int, feed_position: int, fact: Fact) -> None:
        version = self._version
        at = version.marks.get(partition, 0)
        verdict = judge(version.epoch, at, epoch, feed_position)
        if verdict is Verdict.NEW_EPOCH:
            self._version = Version(Book(version.book.keys), epoch)
            self._early.clear()
            verdict = judge(epoch, 0, epoch, feed_position)
        if verdict is Verdict.GAP:
            self._early[partition] = max(feed_position, self._early.get(partition, 0))
        elif verdict is Verdict.APPLY:
            self._version.epoch = epoch
            self._version.marks[partition] = feed_position
            self._version.book.apply(fact)
            if self._early.get(partition, 0) <= feed_position:
                self._early.pop(partition, None)

    def _marks(self) -> list[Json]:
        return [
            {
                "source": self._source,
                "topic": self._topic,
                "partition": partition,
                "epoch": self._version.epoch,
                "feed_position": feed_position,
            }
            for partition, feed_position in sorted(self._version.marks.items())
        ]


def _from_feed(item: Json) -> Fact:
    return Fact(
        item["event_id"], item["type"], item["stream"], item["version"], item["subject"],
        orjson.dumps(item["data"]),
    )  # fmt: skip
