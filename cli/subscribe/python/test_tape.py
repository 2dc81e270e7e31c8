"""This consumer passes Daybook's conformance tape: `python -m unittest`, or `pytest`.

It is read with the handler that it came with (tape/handler.py): your own is yours to test.
"""

import base64
import importlib.util
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import httpx

import settings
from applying import Handler
from daybook import Daybook
from event import Event, from_record
from kafka_log import End, Record
from reader import LOOK_EVERY_SECONDS, Reader
from state import Folder, State

Json = dict[str, Any]

TAPE = Path(__file__).parent / "tape"
STEPS_AT_MOST = 5_000
QUIET_STEPS = 100


def lines(path: Path) -> list[Json]:
    """Return the lines of one file of the tape."""
    return [json.loads(line) for line in path.read_text().split("\n") if line]


class TapeLog:
    """The log of the current life; Kafka's part in the play."""

    def __init__(self, scene: "Scene", places: dict[int, int | None]) -> None:
        self._scene = scene
        self._at = {partition: offset or 0 for partition, offset in places.items()}
        self._ended: set[int] = set()

    def read(self) -> list[Record | End]:
        """Return the next few records, or the ends that were reached."""
        for record in self._scene.records():
            if record.offset == self._at[record.partition]:
                self._at[record.partition] += 1
                return [record]
        length = self._scene.lengths()
        ends = {p for p, at in self._at.items() if at == length.get(p, 0)} - self._ended
        self._ended |= ends
        return [End(partition) for partition in sorted(ends)]

    def go_to(self, partition: int, offset: int | None) -> None:
        """Read on from there."""
        self._at[partition] = offset or 0
        self._ended.discard(partition)

    def assert_alive(self) -> None:
        """Be alive."""

    def close(self) -> None:
        """Have nothing to close."""


class Scene:
    """One scene of the tape, and who plays Kafka, the feed, the key API and the clock in it."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.life = 1
        self.source = json.loads((TAPE / "tape.json").read_text())["source"]
        self.expected = json.loads((folder / "expected.json").read_text())
        self._records, self._feed, self._keys = (
            lines(folder / f"{name}.ndjson") for name in ("records", "feed", "keys")
        )
        self.lives = max(line["life"] for line in self._records)

    def records(self) -> list[Record]:
        """Return this life's records, in the order of their delivery."""
        found: list[Record] = []
        lengths: dict[int, int] = {}
        for line in self._records:
            if line["life"] == self.life:
                partition = line["partition"]
                offset = lengths.get(partition, 0)
                lengths[partition] = offset + 1
                found.append(Record(partition, offset, _event(line, offset)))
        return found

    def lengths(self) -> dict[int, int]:
        """Return how many records each partition has in this life."""
        return {record.partition: record.offset + 1 for record in self.records()}

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as Daybook would."""
        if request.method == "PUT":
            return httpx.Response(204)
        if request.url.path == "/v1/feed":
            partition = int(request.url.params["partition"])
            start = int(request.url.params["from"])
            nothing: Json = {"partition": partition, "epoch": self._epoch(), "items": []}
            page = next((p for p in self._now(self._feed) if p["partition"] == partition), nothing)
            items = [item for item in page["items"] if item["feed_position"] >= start]
            return httpx.Response(200, json={**page, "items": items})
        if request.method == "POST":
            return httpx.Response(200, json={})  # a receipt of an erasure
        kid = request.url.path.rpartition("/")[2]
        key = next(key for key in self._now(self._keys) if key["kid"] == kid)
        return httpx.Response(key["status"], json=key["body"])

    def _epoch(self) -> int:
        return max(int(page["epoch"]) for page in self._now(self._feed))

    def _now(self, found: list[Json]) -> list[Json]:
        return [line for line in found if line["life"] == self.life]


def _event(line: Json, offset: int) -> Event | None:
    key = None if line["key"] is None else line["key"].encode()
    headers = [(name, text.encode()) for name, text in line["headers"].items()]
    value = None if line["value"] is None else base64.b64decode(line["value"])
    return from_record(line["partition"], offset, key, headers, value)


def play(scene: Scene, state: Path, handler: Handler) -> Json:
    """Read a scene with the consumer's own code and return where that ended."""
    http = httpx.Client(transport=httpx.MockTransport(scene.answer), base_url="http://tape")
    reader = Reader(
        handler, Folder(state, handler.SCHEMA), Daybook(http),
        lambda places: TapeLog(scene, places), lambda: scene.now,
    )  # fmt: skip
    reader.open()
    for life in range(1, scene.lives + 1):
        scene.life = life
        _read_to_the_end(reader, scene)
    ended = _end_state(reader.state, scene)
    reader.state.close()
    return ended


def _read_to_the_end(reader: Reader, scene: Scene) -> None:
    """Let the consumer read until it has done nothing for twice as long as it looks again."""
    quiet = 0
    for _ in range(STEPS_AT_MOST):
        before = reader.state.path, reader.state.marks()
        reader.step()
        quiet = quiet + 1 if (reader.state.path, reader.state.marks()) == before else 0
        if quiet:
            scene.now += LOOK_EVERY_SECONDS / 10
        if quiet > QUIET_STEPS:
            return
    raise AssertionError("the consumer never comes to an end")


def _end_state(state: State, scene: Scene) -> Json:
    ask = state.db.execute
    marks = [
        {
            "source": scene.source,
            "topic": settings.TOPIC,
            "partition": partition,
            "epoch": state.epoch,
            "feed_position": mark.feed_position,
        }
        for partition, mark in sorted(state.marks().items())
    ]
    rows = ask("select id, name, version, changes, erased from customers order by id").fetchall()
    emails = ask("select customer, address from emails order by address").fetchall()
    customers = {
        subject: {
            "name": name,
            "emails": [address for customer, address in emails if customer == subject],
            "version": version,
            "changes": changes,
            "erased": bool(erased),
        }
        for subject, name, version, changes, erased in rows
    }
    events = dict(ask("select type, applied from events order by type").fetchall())
    parked = sorted(event.id for event, _ in state.parked())
    return {"marks": marks, "customers": customers, "events": events, "parked": parked}


def _handler() -> Handler:
    spec = importlib.util.spec_from_file_location("tape_handler", TAPE / "handler.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(TAPE / "handler.py")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module
    return handler


class Tape(unittest.TestCase):
    """Every scene ends as the tape says."""

    maxDiff = None

    def test_every_scene(self) -> None:
        settings.TOPIC = json.loads((TAPE / "tape.json").read_text())["topic"]
        for one in json.loads((TAPE / "tape.json").read_text())["scenes"]:
            with self.subTest(one["name"]), tempfile.TemporaryDirectory() as state:
                scene = Scene(TAPE / one["name"])
                self.assertEqual(scene.expected, play(scene, Path(state), _handler()))


if __name__ == "__main__":
    unittest.main()
