"""Events become bytes and come back, old shapes and strangers included."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.events import Event, EventToAppend, Personal
from shared.eventstore.codec import EventCodec
from shared.security.jwe import SealBrokenError, seal
from shared.security.subject_keys import SubjectKey

ID, OTHER_ID = UUID(int=1), UUID(int=2)
ADA, BOB = SubjectKey.of("key-of-ada", b"a" * 32), SubjectKey.of("key-of-bob", b"b" * 32)


class Wording(Personal):
    text: str


class NoteWritten(Event):
    schema_version: ClassVar[int] = 3
    color: str
    size: int = 1
    personal: Wording | None = None


class NoteTorn(Event):
    pass


def _named(members: dict[str, Any]) -> dict[str, Any]:
    return {"color": members["colour"]} | {k: v for k, v in members.items() if k != "colour"}


def _sized(members: dict[str, Any]) -> dict[str, Any]:
    return members | {"size": members["length"] * 2}


CODEC = EventCodec(
    [NoteWritten, NoteTorn], {("NoteWritten", 1): _named, ("NoteWritten", 2): _sized}
)


class Keys:
    """Hands out ciphers; a key that it lacks was destroyed."""

    def __init__(self, *keys: SubjectKey) -> None:
        self._ciphers = {key.kid: key.cipher for key in keys}
        self.asked: list[set[str]] = []

    async def read(self, kids: Iterable[str]) -> Mapping[str, AESGCM | None]:
        self.asked.append(set(kids))
        return {kid: self._ciphers.get(kid) for kid in self.asked[-1]}


@dataclass(frozen=True)
class Stored:
    """An event as a reader meets it."""

    event_id: UUID | str
    type: str
    schema_version: int
    data: bytes


def _stored(event: EventToAppend) -> Stored:
    return Stored(event.event_id, event.type, event.schema_version, event.data)


async def _decoded(*stored: Stored, keys: Keys | None = None) -> list[Event | None]:
    return await CODEC.decode(stored, keys or Keys(ADA, BOB))


async def test_an_event_comes_back_as_it_was_written() -> None:
    event = NoteWritten(color="red", personal=Wording(text="buy milk"))
    encoded = CODEC.encode(event, ID, ADA)
    assert (encoded.type, encoded.schema_version, encoded.event_id) == ("NoteWritten", 3, ID)
    assert await _decoded(_stored(encoded)) == [event]


async def test_all_but_the_personal_fields_can_be_read_by_anybody() -> None:
    event = NoteWritten(color="red", personal=Wording(text="buy milk"))
    members = json.loads(CODEC.encode(event, ID, ADA).data)
    assert {k: v for k, v in members.items() if k != "personal"} == {"color": "red", "size": 1}
    assert members["personal"].count(".") == 4
    assert b"milk" not in CODEC.encode(event, ID, ADA).data


async def test_an_event_without_fields_or_personal_data_needs_no_key() -> None:
    assert CODEC.encode(NoteTorn(), ID).data == b"{}"
    assert await _decoded(_stored(CODEC.encode(NoteTorn(), ID))) == [NoteTorn()]
    keys = Keys()
    await _decoded(_stored(CODEC.encode(NoteWritten(color="red"), ID)), keys=keys)
    assert keys.asked == [set()]


def test_personal_fields_are_never_stored_without_a_key() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        CODEC.encode(NoteWritten(color="red", personal=Wording(text="x")), ID)


@pytest.mark.parametrize(
    ("version", "members"),
    [
        (1, {"colour": "red", "length": 4}),
        (2, {"color": "red", "length": 4}),
        (3, {"color": "red", "size": 8}),
    ],
)
async def test_every_old_shape_is_read_as_the_current_one(
    version: int, members: dict[str, object]
) -> None:
    stored = Stored(ID, "NoteWritten", version, json.dumps(members).encode())
    assert await _decoded(stored) == [NoteWritten(color="red", size=8)]


async def test_an_old_shape_keeps_its_personal_fields() -> None:
    now = CODEC.encode(NoteWritten(color="red", personal=Wording(text="milk")), ID, ADA)
    members = json.loads(now.data)
    old = {"colour": "red", "length": 4, "personal": members["personal"]}
    [event] = await _decoded(Stored(ID, "NoteWritten", 1, json.dumps(old).encode()))
    assert event == NoteWritten(color="red", size=8, personal=Wording(text="milk"))


async def test_an_old_shape_of_the_personal_fields_is_made_current_once_they_are_open() -> None:
    def said(members: dict[str, Any]) -> dict[str, Any]:
        if "personal" in members:
            members["personal"] = {"text": members["personal"]["said"]}
        return members | {"color": "red"}

    codec = EventCodec([NoteWritten], {("NoteWritten", 2): said})
    jwe = seal(b'{"said":"milk"}', ADA.kid, ID, ADA.cipher)
    old = Stored(ID, "NoteWritten", 2, json.dumps({"personal": jwe}).encode())
    open_and_gone = [await codec.decode([old], keys) for keys in (Keys(ADA), Keys())]
    assert open_and_gone == [
        [NoteWritten(color="red", personal=Wording(text="milk"))],
        [NoteWritten(color="red")],
    ]


async def test_a_type_that_this_reader_does_not_know_is_none_and_the_others_are_read() -> None:
    unknown = Stored(OTHER_ID, "NoteFolded", 1, b"not even JSON")
    known = _stored(CODEC.encode(NoteTorn(), ID))
    assert await _decoded(unknown, known, unknown) == [None, NoteTorn(), None]


async def test_members_that_a_newer_writer_added_are_ignored() -> None:
    data = b'{"color":"red","added_later":{"deep":[1]}}'
    assert await _decoded(Stored(ID, "NoteWritten", 3, data)) == [NoteWritten(color="red")]


async def test_once_the_key_is_destroyed_the_event_stands_without_its_personal_fields() -> None:
    ada = CODEC.encode(NoteWritten(color="red", personal=Wording(text="milk")), ID, ADA)
    bob = CODEC.encode(NoteWritten(color="blue", personal=Wording(text="tea")), OTHER_ID, BOB)
    assert await _decoded(_stored(ada), _stored(bob), keys=Keys(BOB)) == [
        NoteWritten(color="red"),
        NoteWritten(color="blue", personal=Wording(text="tea")),
    ]


async def test_personal_fields_that_were_moved_to_another_event_are_refused() -> None:
    sealed = CODEC.encode(NoteWritten(color="red", personal=Wording(text="milk")), ID, ADA)
    moved = Stored(OTHER_ID, sealed.type, sealed.schema_version, sealed.data)
    with pytest.raises(SealBrokenError, match="another event"):
        await _decoded(moved)


async def test_each_key_is_asked_for_once_however_many_events_it_seals() -> None:
    event = NoteWritten(color="red", personal=Wording(text="milk"))
    stored = [
        _stored(CODEC.encode(event, UUID(int=n), key)) for n in range(9) for key in (ADA, BOB)
    ]
    keys = Keys(ADA, BOB)
    assert await _decoded(*stored, keys=keys) == [event] * 18
    assert keys.asked == [{ADA.kid, BOB.kid}]


def test_the_subject_of_an_event_is_known_without_its_key() -> None:
    sealed = CODEC.encode(NoteWritten(color="red", personal=Wording(text="milk")), ID, ADA)
    assert CODEC.subject_of(_stored(sealed)) == ADA.kid
    assert CODEC.subject_of(_stored(CODEC.encode(NoteTorn(), ID))) is None


def test_a_stored_shape_from_which_no_way_leads_to_the_current_one_is_found() -> None:
    broken = EventCodec([NoteWritten, NoteTorn], {("NoteWritten", 1): _named})
    stored = [("NoteWritten", 1), ("NoteWritten", 2), ("NoteWritten", 3), ("NoteWritten", 4)]
    assert CODEC.unreachable([*stored, ("NoteTorn", 1)]) == [("NoteWritten", 4)]
    assert broken.unreachable(stored) == [
        ("NoteWritten", 1),
        ("NoteWritten", 2),
        ("NoteWritten", 4),
    ]
    assert CODEC.unreachable([("NoteFolded", 1)]) == [("NoteFolded", 1)]
