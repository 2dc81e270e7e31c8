"""The tape as it lies in the repository is written and read here, and nowhere else."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.tape.book import Fact
from cli.tape.scene import Scene
from cli.tape.telling import SOURCE
from shared.messaging.topics import CUSTOMERS

Json = dict[str, Any]
FOLDER = Path("docs/contracts/tape")
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Record:
    """A record of ours, its headers read."""

    source: str
    partition: int
    epoch: int
    feed_position: int
    fact: Fact


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the log, as a reader needs it; the feed by partition: its epoch and items."""

    records: Sequence[Record]
    feed: Mapping[int, tuple[int, Sequence[Json]]]
    keys: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One scene, read back."""

    name: str
    lives: Sequence[Life]
    expected: Json


def files_of(scenes: Sequence[Scene]) -> dict[Path, str]:
    """Return every file of the tape, by its path in the tape's folder."""
    listed = [
        {"name": scene.name, "lives": len(scene.lives), "about": scene.about} for scene in scenes
    ]
    head = {"format": FORMAT, "source": SOURCE, "topic": CUSTOMERS.name, "scenes": listed}
    files = {Path("tape.json"): _pretty(head)}
    for scene in scenes:
        folder = Path(scene.name)
        lives = list(enumerate(scene.lives, start=1))
        files[folder / "records.ndjson"] = _lines(
            {"life": number, **record} for number, life in lives for record in life.records
        )
        files[folder / "feed.ndjson"] = _lines(
            {"life": number, **page} for number, life in lives for page in life.feed
        )
        files[folder / "keys.ndjson"] = _lines(
            {"life": number, "kid": kid, **answer}
            for number, life in lives
            for kid, answer in sorted(life.keys.items())
        )
        files[folder / "expected.json"] = _pretty(scene.expected)
    return files


def read_tape(folder: Path) -> list[Recorded]:
    """Read all scenes of a tape."""
    head = json.loads((folder / "tape.json").read_text())
    return [_read_scene(folder / one["name"], one["lives"]) for one in head["scenes"]]


def _read_scene(folder: Path, lives: int) -> Recorded:
    records, feed, keys = (
        _read_lines(folder / f"{name}.ndjson") for name in ("records", "feed", "keys")
    )
    found = [
        Life(
            [r for line in records if line["life"] == n and (r := _read_record(line)) is not None],
            {p["partition"]: (p["epoch"], p["items"]) for p in feed if p["life"] == n},
            {k["kid"]: k for k in keys if k["life"] == n},
        )
        for n in range(1, lives + 1)
    ]
    return Recorded(folder.name, found, json.loads((folder / "expected.json").read_text()))


def _read_record(line: Json) -> Record | None:
    headers = line["headers"]
    try:
        fact = Fact(
            headers["ce_id"], headers["ce_type"], headers["ce_subject"],
            int(headers["ce_sequence"]), line["key"], base64.b64decode(line["value"]),
        )  # fmt: skip
        place = int(headers["ce_epoch"]), int(headers["ce_feedposition"])
        return Record(headers["ce_source"], line["partition"], *place, fact)
    except (KeyError, ValueError, TypeError):
        return None


def _pretty(content: Json) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _lines(lines: Iterator[Json]) -> str:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _read_lines(path: Path) -> list[Json]:
    # Not splitlines(): it also splits at characters that JSON leaves as they are.
    return [json.loads(line) for line in path.read_text().split("\n") if line]
