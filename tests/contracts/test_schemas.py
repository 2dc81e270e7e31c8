"""Every published schema is a JSON Schema 2020-12 that says what each field means."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from cli.contracts.gathering import TopicContracts
from cli.contracts.schemas import contract_of, fields_of
from shared.events import Event, Personal
from tests.contracts.published import CONTRACTS, FOLDER, NAMES, read, value_schema

EVERY_SCHEMA = sorted(
    path.relative_to(FOLDER)
    for path in FOLDER.rglob("*.json")
    if not {"examples", "consumers", "tape"} & set(path.parts) and "api" not in path.name
)


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Corner(Personal):
    """Where on the page."""

    x: int
    """From the left."""
    color: Color | None = None
    """Its color."""


class Wording(Personal):
    """What the note says."""

    text: str
    """The words."""
    corners: tuple[Corner, ...] = ()
    """Where they stand."""


class NoteWritten(Event):
    """A note was written.

    In ink, on paper.
    """

    note_id: UUID
    """Which note,
    for ever."""
    color: Color | None = None
    """Its color."""
    personal: Wording | None = None


class NoteTorn(Event):
    """A note was torn."""


@pytest.mark.parametrize("path", EVERY_SCHEMA, ids=str)
def test_every_schema_is_one_by_the_standards_own_schema(path: str) -> None:
    schema = read(path)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("topic", "name"), CONTRACTS, ids=NAMES)
def test_every_field_says_what_it_means(topic: TopicContracts, name: str) -> None:
    [contract] = [c for c in topic.all if c.name == name]
    assert contract.meaning
    assert [f.name for f in fields_of(contract) if "description" not in f.schema] == []


@pytest.mark.parametrize(("topic", "name"), CONTRACTS, ids=NAMES)
def test_the_header_that_names_the_schema_names_this_one(topic: TopicContracts, name: str) -> None:
    kind, _, version = name.partition(".")
    assert value_schema(topic, name)["$id"] == f"urn:daybook:schema:{kind}:{version}"


def test_a_value_is_described_as_it_is_stored() -> None:
    contract = contract_of(NoteWritten, "7.0")
    assert contract.since == "7.0"
    assert contract.meaning == "A note was written.\n\nIn ink, on paper."
    assert contract.value["properties"]["note_id"]["description"] == "Which note, for ever."
    stored = Draft202012Validator(contract.value)
    note = {"note_id": str(UUID(int=1))}
    for extra in ({}, {"color": "red"}, {"added_later": 1}):
        stored.validate(note | extra)
    sealed = f"head..{'i' * 16}.text.{'t' * 22}"
    stored.validate(note | {"personal": sealed})
    for wrong in ({"color": None}, {"color": "green"}, {"personal": {"text": "milk"}}):
        with pytest.raises(ValidationError):
            stored.validate(note | wrong)
    with pytest.raises(ValidationError):
        stored.validate({})


def test_nothing_that_is_sealed_is_described_as_if_it_were_clear() -> None:
    contract = contract_of(NoteWritten, "1")
    assert "Wording" not in str(contract.value)
    assert set(contract.value["$defs"]) == {"Color"}
    assert contract_of(NoteTorn, "1").personal is None


def test_the_plaintext_has_a_schema_of_its_own() -> None:
    contract = contract_of(NoteWritten, "1")
    assert contract.personal is not None
    opened = Draft202012Validator(contract.personal)
    told: dict[str, Any] = {"text": "milk", "corners": [{"x": 1, "color": None}]}
    opened.validate(told)
    with pytest.raises(ValidationError):
        opened.validate(told | {"corners": [{"color": "red"}]})
    names = {field.name: field.is_required for field in fields_of(contract)}
    assert names == {
        "color": False,
        "note_id": True,
        "personal": False,
        "personal.corners": False,
        "personal.corners[].color": False,
        "personal.corners[].x": True,
        "personal.text": True,
    }
