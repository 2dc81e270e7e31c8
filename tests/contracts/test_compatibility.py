"""A change that one of our readers would stumble over is not published, and says what to do."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from cli.contracts.compatibility import changes, incompatibilities
from cli.contracts.gathering import contracts_in, gather
from cli.contracts.schemas import EventContract, Schema, contract_of
from cli.contracts.writing import files_of, write
from shared.events import Event
from shared.eventstore.codec import EventCodec
from tests.contracts import notes
from tests.contracts.published import FOLDER, TOPICS

NOTE: Schema = {
    "type": "object",
    "description": "A note.",
    "$defs": {
        "Corner": {
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
            "required": ["x"],
        }
    },
    "properties": {
        "color": {"enum": ["red", "blue"], "type": "string"},
        "size": {"type": "integer", "default": 1},
        "title": {"type": "string", "maxLength": 80},
        "corner": {"$ref": "#/$defs/Corner"},
        "corners": {"type": "array", "items": {"$ref": "#/$defs/Corner"}},
        "place": {"anyOf": [{"$ref": "#/$defs/Corner"}, {"type": "string"}]},
    },
    "required": ["color", "title"],
}


class NoteWritten(Event):
    """A note was written."""

    colour: str
    """The color of the ink."""


def _changed(change: Callable[[Schema], object]) -> list[str]:
    now = deepcopy(NOTE)
    change(now)
    return list(changes(EventContract("Note", 1, NOTE, None), EventContract("Note", 1, now, None)))


def _field(name: str, **rules: object) -> Callable[[Schema], object]:
    return lambda schema: schema["properties"].__setitem__(name, rules)


def _without(name: str) -> Callable[[Schema], object]:
    return lambda schema: schema["properties"].pop(name)


@pytest.mark.parametrize(
    "change",
    [
        _field("added", type="string"),
        lambda schema: schema.update(description="Something else.", title="Note"),
        lambda schema: schema["properties"]["size"].update(deprecated=True, title="S"),
        lambda schema: schema["$defs"]["Corner"]["properties"].update(z={"type": "integer"}),
        lambda schema: schema["properties"]["color"].update(enum=["blue", "red"]),
        lambda schema: schema["required"].reverse(),
    ],
    ids=["optional field", "words", "notice", "deep optional field", "order", "order of names"],
)  # fmt: skip
def test_what_no_reader_notices_may_change(change: Callable[[Schema], object]) -> None:
    assert _changed(change) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without("size"), "size is gone, and its readers miss it"),
        (
            lambda schema: schema["$defs"]["Corner"]["properties"].pop("y"),
            "corner.y is gone, and its readers miss it",
        ),
        (_field("size", type="string", default=1), "size was integer and is string"),
        (
            _field("title", type="string", maxLength=40),
            "title was string (maxLength 80) and is string (maxLength 40)",
        ),
        (
            lambda schema: schema["required"].append("size"),
            "size is required now, and stored events may lack it",
        ),
        (
            lambda schema: schema["required"].remove("title"),
            "title may be absent now, and its readers count on it",
        ),
        (
            lambda schema: (_field("new", type="string")(schema), schema["required"].append("new")),
            "new is new and required, and stored events do not have it",
        ),
        (
            _field("color", type="string", enum=["red", "blue", "green"]),
            "color may be `green` now, which its readers do not know",
        ),
        (
            _field("color", type="string", enum=["red"]),
            "color may not be `blue` any more, which stored events are",
        ),
        (_field("color", type="string"), "color was string of a fixed list and is string"),
        (
            _field("size", type="integer", default=2),
            "where size is absent it meant 1 and would mean 2",
        ),
        (
            _field("corners", type="array", items={"type": "string"}),
            "corners[] was object and is string",
        ),
        (
            lambda schema: schema["properties"]["place"]["anyOf"].append({"type": "null"}),
            "place was Corner or string and is Corner or string or null",
        ),
    ],
)
def test_what_a_reader_would_stumble_over_is_told(
    change: Callable[[Schema], object], told: str
) -> None:
    assert told in _changed(change)


def test_a_renamed_field_is_one_that_goes_and_one_that_comes() -> None:
    renamed = contract_of(NoteWritten, "1")
    told = list(changes(contract_of(notes.NoteWritten, "1"), renamed))
    assert "color is gone, and its readers miss it" in told
    assert "colour is new and required, and stored events do not have it" in told
    assert "personal is gone, and its readers miss it" in told


def test_what_is_sealed_is_compared_as_well() -> None:
    before = contract_of(notes.NoteWritten, "1")
    assert before.personal is not None
    now = replace(before, personal=deepcopy(before.personal))
    assert now.personal is not None
    now.personal["properties"].pop("text")
    assert list(changes(before, now)) == ["personal.text is gone, and its readers miss it"]


def test_what_is_checked_in_is_compatible_with_the_code() -> None:
    for topic in TOPICS:
        before = contracts_in(FOLDER / topic.published.folder)
        assert len(before) == len(topic.all)
        assert list(incompatibilities(before, topic)) == []


class TestAfterARelease:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Return the contracts of the first release."""
        first = gather(notes.published(notes.FIRST, notes.story_1), tmp_path / "notes", "1.0")
        files = files_of([first], [], tmp_path)
        write(files, files)
        return tmp_path / "notes"

    def _told(self, codec: EventCodec, folder: Path) -> list[str]:
        now = gather(notes.published(codec, notes.story_2), folder, "2.0")
        return [str(problem) for problem in incompatibilities(contracts_in(folder), now)]

    def test_a_new_version_with_an_upcaster_is_published_beside_the_old(self, folder: Path) -> None:
        assert self._told(notes.SECOND, folder) == []

    def test_a_new_version_that_no_upcaster_leads_to_is_not(self, folder: Path) -> None:
        [told] = self._told(notes.WITHOUT_UPCASTER, folder)
        assert told.startswith("No upcasters lead from NoteWritten, version 1, to version 2.")
        assert '("NoteWritten", 1) in services/notes/storage/codec.py' in told

    def test_a_broken_version_names_type_field_and_way_out(self, folder: Path) -> None:
        told = self._told(EventCodec([NoteWritten]), folder)
        assert told[0] == (
            "NoteWritten, version 1: color is gone, and its readers miss it.\n"
            "  Fix: take the change back, or make it a new version: `schema_version: ClassVar[int]"
            ' = 2` and an upcaster for ("NoteWritten", 1) in services/notes/storage/codec.py'
        )

    def test_a_type_that_is_gone_is_missed(self, folder: Path) -> None:
        [told] = self._told(EventCodec([]), folder)
        assert told.startswith("NoteWritten was published, and is gone from the code")

    def test_a_version_never_goes_back(self, folder: Path) -> None:
        (folder / "NoteWritten.1.json").rename(folder / "NoteWritten.2.json")
        [told] = self._told(notes.FIRST, folder)
        assert told.startswith("NoteWritten was published as version 2, and the code says 1.")

    def test_an_old_contract_that_got_lost_is_missed(self, folder: Path) -> None:
        (folder / "NoteWritten.1.json").unlink()
        [told] = self._told(notes.SECOND, folder)
        assert told.startswith("The contract of NoteWritten, version 1, is missing")
