"""What a registered consumer reads does not go away; a change that takes it names the team."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cli.contracts.catalogue import catalogue
from cli.contracts.consuming import expiring, unserved
from cli.contracts.gathering import TopicContracts, gather
from cli.contracts.writing import files_of, write
from shared.errors import InvalidInputError
from shared.messaging.consumers import RegisteredConsumer, read_consumers
from tests.contracts import notes
from tests.contracts.published import CONSUMERS, FOLDER, TOPICS, read

REGISTRATIONS = sorted((FOLDER / "consumers").glob("*.json"))
OWNER = {"team": "Print shop", "contact": "print@daybook.example"}


def consumer(
    reads: Mapping[str, list[str]], topic: str = notes.NOTES.name, name: str = "printer"
) -> RegisteredConsumer:
    return RegisteredConsumer.model_validate(
        {
            "name": name,
            "about": "Prints notes.",
            "owner": OWNER,
            "account": "printer-account",
            "version": "3",
            "reads": {topic: reads},
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the contracts of the first release of notes."""
    first = gather(notes.published(notes.FIRST, notes.story_1), tmp_path / "notes", "1.0")
    files = files_of([first], [], tmp_path)
    write(files, files)
    return tmp_path / "notes"


@pytest.fixture
def first(folder: Path) -> TopicContracts:
    return gather(notes.published(notes.FIRST, notes.story_1), folder, "1.0")


@pytest.fixture
def second(folder: Path) -> TopicContracts:
    return gather(notes.published(notes.SECOND, notes.story_2), folder, "2.0")


def test_everybody_who_is_registered_gets_what_they_read() -> None:
    assert CONSUMERS
    assert list(unserved(CONSUMERS, TOPICS)) == []


@pytest.mark.parametrize("path", REGISTRATIONS, ids=lambda path: path.stem)
def test_every_registration_is_what_its_schema_promises(path: Path) -> None:
    Draft202012Validator(read("envelope/consumer.json")).validate(json.loads(path.read_text()))


def test_what_is_there_may_be_read(first: TopicContracts) -> None:
    reads = consumer({"NoteWritten": ["color", "size", "personal.text"]})
    assert list(unserved([reads], [first])) == []


@pytest.mark.parametrize(
    ("reads", "missed"),
    [
        ({"NoteWritten": ["colour"]}, "colour of NoteWritten, which version 1 does not have"),
        ({"NoteWritten": ["personal.name"]}, "personal.name of NoteWritten, which version 1"),
        ({"NoteTorn": []}, "NoteTorn, which daybook.notes.v1 does not have"),
        ({"NoteWritten.7": []}, "NoteWritten of version 7, which there is not"),
    ],
)
def test_what_is_not_there_is_missed_with_the_name_of_the_team(
    first: TopicContracts, reads: dict[str, list[str]], missed: str
) -> None:
    [problem] = unserved([consumer(reads)], [first])
    assert problem.what.startswith(f"printer (Print shop, print@daybook.example) reads {missed}")
    assert "agree with Print shop" in problem.fix
    assert "docs/contracts/consumers/printer.json" in problem.fix


def test_a_topic_that_there_is_not_is_missed(first: TopicContracts) -> None:
    [problem] = unserved([consumer({}, topic="daybook.moods.v1")], [first])
    assert "reads the topic daybook.moods.v1, which there is not" in problem.what


def test_a_new_version_without_a_field_that_somebody_reads_names_them(
    second: TopicContracts,
) -> None:
    one, other = consumer({"NoteWritten": ["color"]}), consumer({"NoteWritten": []}, name="counter")
    [problem] = unserved([one, other], [second])
    assert "printer (Print shop, print@daybook.example) reads color" in problem.what
    assert "version 2 does not have" in problem.what


def test_who_reads_one_version_only_says_what_it_reads_of_the_next(second: TopicContracts) -> None:
    [problem] = unserved([consumer({"NoteWritten.1": ["color"]})], [second])
    assert "NoteWritten of version 1 only, and version 2 is new" in problem.what
    both = consumer({"NoteWritten.1": ["color"], "NoteWritten.2": ["ink", "personal.title"]})
    assert list(unserved([both], [second])) == []


def test_a_field_that_will_go_is_noted_as_long_as_somebody_reads_it(first: TopicContracts) -> None:
    contract = first.current["NoteWritten"]
    contract.value["properties"]["size"]["deprecated"] = True
    going = replace(first, current={"NoteWritten": contract})
    readers = [consumer({"NoteWritten": ["size"]}), consumer({"NoteWritten": []}, name="counter")]
    assert list(expiring(readers, [going])) == [
        "printer (Print shop, print@daybook.example) still reads size of NoteWritten."
    ]


def test_the_catalogue_says_who_reads_what(first: TopicContracts) -> None:
    page = catalogue([first], [consumer({"NoteWritten": ["size", "color"]})])
    assert "Read by [printer](consumers/printer.json) (`color`, `size`)." in page
    assert "| Print shop, print@daybook.example | 3 | daybook.notes.v1 |" in page


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"name": "somebody"}, "the name in it is somebody"),
        ({"owner": {"team": "Finance systems"}}, "owner.contact: Field required"),
        ({"reads": {"t": {"A": "name"}}}, "reads.t.A"),
        ({"spelled": "wrong"}, "spelled: Extra inputs are not permitted"),
    ],
)
def test_a_registration_that_cannot_be_read_says_what_is_wrong(
    tmp_path: Path, changes: dict[str, object], wrong: str
) -> None:
    told = json.loads((FOLDER / "consumers" / "billing.json").read_text()) | changes
    (tmp_path / "billing.json").write_text(json.dumps(told))
    with pytest.raises(InvalidInputError, match=r"billing\.json") as refused:
        read_consumers(tmp_path)
    assert wrong in refused.value.detail


def test_a_folder_that_is_not_there_registers_nobody_and_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert read_consumers(tmp_path) == {}
    assert not caplog.records
    assert read_consumers(tmp_path / "nowhere") == {}
    [warned] = caplog.records
    assert "nobody is registered" in warned.message
    assert vars(warned)["folder"] == str(tmp_path / "nowhere")
