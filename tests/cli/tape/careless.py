"""Readers that other people wrote: each lacks one thing, and the tape must find it."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

from cli.tape.book import Book, Fact

Json = dict[str, Any]
STEPS_AT_MOST = 10_000


class EndlessReadingError(Exception):
    """The reader goes round in circles."""


def lines_of(scene: Path, name: str) -> list[Json]:
    """Return the lines of one file of a scene."""
    return [json.loads(line) for line in (scene / name).read_text().split("\n") if line]


def fact_of(line: Json) -> Fact:
    """Read a record as everybody does."""
    headers = line["headers"]
    return Fact(
        headers["ce_id"], headers["ce_type"], headers["ce_subject"], int(headers["ce_sequence"]),
        line["key"], base64.b64decode(line["value"]),
    )  # fmt: skip


class Naive:
    """Applies in order of arrival, once per event id, and goes on from its committed offsets.

    What it cannot read it skips with a line in the log.
    """

    def __init__(self, scene: Path) -> None:
        self._records = lines_of(scene, "records.ndjson")
        self._keys = lines_of(scene, "keys.ndjson")
        self._life = 0
        self._seen: set[str] = set()
        self._committed: Counter[int] = Counter()
        self._marks: dict[int, Json] = {}
        self._book = Book(self._key)

    def read(self) -> Json:
        """Read the scene and return where that ended."""
        for life in sorted({line["life"] for line in self._records}):
            self._life = life
            offsets: Counter[int] = Counter()
            for line in self._records:
                partition = line["partition"]
                if line["life"] == self._life:
                    if offsets[partition] >= self._committed[partition]:
                        self._take(line)
                        self._committed[partition] = offsets[partition] + 1
                    offsets[partition] += 1
        marks = [self._marks[partition] for partition in sorted(self._marks)]
        return {"marks": marks, **self._book.as_json()}

    def _take(self, line: Json) -> None:
        try:
            fact = fact_of(line)
            headers = line["headers"]
            place = int(headers["ce_epoch"]), int(headers["ce_feedposition"])
        except (KeyError, TypeError, ValueError):
            return
        if fact.event_id in self._seen:
            return
        self._seen.add(fact.event_id)
        self._marks[line["partition"]] = {
            "source": headers["ce_source"],
            "topic": line["topic"],
            "partition": line["partition"],
            "epoch": place[0],
            "feed_position": place[1],
        }
        self._book.apply(fact)
        self._book.parked.clear()

    def _key(self, kid: str) -> Json:
        return next(k for k in self._keys if (k["life"], k["kid"]) == (self._life, kid))


class Impatient:
    """Knows the mark rule, and goes back to the earliest record at the very sight of a gap."""

    def __init__(self, scene: Path) -> None:
        self._records = lines_of(scene, "records.ndjson")

    def read(self) -> dict[int, int]:
        """Return the mark of each partition.

        Raises:
            EndlessReadingError: it goes back for ever.
        """
        partitions = sorted({line["partition"] for line in self._records})
        return {partition: self._follow(partition) for partition in partitions}

    def _follow(self, partition: int) -> int:
        log = [
            int(line["headers"]["ce_feedposition"])
            for line in self._records
            if line["partition"] == partition
        ]
        at = mark = 0
        for _ in range(STEPS_AT_MOST):
            if at == len(log):
                return mark
            position = log[at]
            at = 0 if position > mark + 1 else at + 1
            mark = position if position == mark + 1 else mark
        raise EndlessReadingError
