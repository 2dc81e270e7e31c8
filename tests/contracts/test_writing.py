"""The published files are what the code says; what is unfinished is never published."""

from dataclasses import replace
from pathlib import Path

from cli.contracts.gathering import gather
from cli.contracts.problems import unfinished
from cli.contracts.published import PUBLISHED
from cli.contracts.writing import differing, files_of, gather_all, write
from shared.events import Event
from shared.eventstore.codec import EventCodec
from tests.contracts.published import CONSUMERS, FOLDER, TOPICS

CUSTOMERS = PUBLISHED[0]


class NoteLost(Event):
    page: int


def test_the_files_that_are_checked_in_are_what_the_code_says() -> None:
    assert differing(files_of(TOPICS, CONSUMERS, FOLDER), FOLDER) == []


def test_writing_twice_writes_the_same(tmp_path: Path) -> None:
    first = files_of(gather_all(PUBLISHED, tmp_path), [], tmp_path)
    write(first, differing(first, tmp_path))
    again = files_of(gather_all(PUBLISHED, tmp_path), [], tmp_path)
    assert again == first
    assert differing(again, tmp_path) == []


def test_a_changed_a_missing_and_a_stray_file_are_found_and_mended(tmp_path: Path) -> None:
    files = files_of(gather_all(PUBLISHED, tmp_path), [], tmp_path)
    write(files, differing(files, tmp_path))
    changed, missing = tmp_path / "README.md", tmp_path / "customers" / "asyncapi.json"
    stray = tmp_path / "customers" / "examples" / "Stray.1.json"
    changed.write_text("something else")
    missing.unlink()
    stray.write_text("{}")
    assert differing(files, tmp_path) == sorted([changed, missing, stray])
    write(files, differing(files, tmp_path))
    assert differing(files, tmp_path) == []


def test_what_a_person_wrote_about_consumers_is_left_alone(tmp_path: Path) -> None:
    files = files_of(gather_all(PUBLISHED, tmp_path), [], tmp_path)
    write(files, files)
    theirs = tmp_path / "consumers" / "billing.json"
    theirs.parent.mkdir()
    theirs.write_text("{}")
    assert differing(files, tmp_path) == []


def test_an_event_without_meaning_or_example_is_not_published(tmp_path: Path) -> None:
    codec = EventCodec([*CUSTOMERS.codec.types.values(), NoteLost])
    told = [str(p) for p in unfinished(gather(replace(CUSTOMERS, codec=codec), tmp_path, "1"))]
    assert len(told) == 3
    assert told[0].startswith("NoteLost does not say what it means.\n  Fix: write a docstring")
    assert told[1].startswith("NoteLost does not say what page means.\n  Fix: write a docstring")
    assert told[2].startswith("NoteLost has no example.\n  Fix: let it happen in the topic's story")


def test_a_contract_remembers_the_release_that_published_it_first(tmp_path: Path) -> None:
    files = files_of([gather(CUSTOMERS, tmp_path, "0.1.0")], [], tmp_path)
    write(files, files)
    later = gather(CUSTOMERS, tmp_path / "customers", "9.9.9")
    assert {contract.since for contract in later.all} == {"0.1.0"}
