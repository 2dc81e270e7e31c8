"""An event of the first version is read as one of the second, wherever it comes from."""

import json
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jsonschema import Draft202012Validator

from cli.contracts.gathering import gather
from cli.contracts.stories import KEY
from cli.contracts.writing import differing, files_of, write
from shared.errors import DaybookError
from shared.events import Event
from shared.eventstore.codec import EventCodec
from shared.messaging.headers import received
from tests.contracts import notes
from tests.contracts.notes_second import NoteWritten, Titled
from tests.contracts.test_asyncapi import official
from tests.ground.broker import Broker
from tests.ground.events import write as append
from tests.ground.notebook import Notebook, a_notebook
from tests.ground.servers import Databases

OLD = notes.NoteWritten(color="red", personal=notes.SAID)
READ = NoteWritten(ink="red", personal=Titled(title="milk", words="and eggs"))
FORGOTTEN = NoteWritten(ink="red")
NEW = NoteWritten(ink="green", personal=Titled(title="tea", words=""))


class Keys:
    def __init__(self, *, are_destroyed: bool = False) -> None:
        self._cipher = None if are_destroyed else KEY.cipher

    async def read(self, kids: Iterable[str]) -> dict[str, AESGCM | None]:
        return dict.fromkeys(kids, self._cipher)


async def store_both(notebook: Notebook) -> bytes:
    """Let the release before store one note, and this release another; return the old bytes."""
    old = notes.FIRST.encode(OLD, UUID(int=1), KEY)
    await append(notebook.store, "note-1", 0, [old])
    await append(notebook.store, "note-1", 1, [notes.SECOND.encode(NEW, UUID(int=2), KEY)])
    return old.data


async def test_what_is_stored_is_read_as_today_and_stays_as_it_was(
    databases: Databases, broker: Broker
) -> None:
    async with a_notebook(databases, broker.settings) as notebook:
        bytes_of_old = await store_both(notebook)
        stored = await notebook.store.load("note-1")
        assert [event.schema_version for event in stored] == [1, 2]
        assert stored[0].data == bytes_of_old
        assert await notes.SECOND.decode(stored, Keys()) == [READ, NEW]
        erased: list[Event | None] = await notes.SECOND.decode(stored, Keys(are_destroyed=True))
        assert erased == [FORGOTTEN, NoteWritten(ink="green")]


async def test_what_travels_is_read_as_today_and_says_which_version_it_is(
    databases: Databases, broker: Broker
) -> None:
    async with a_notebook(databases, broker.settings) as notebook:
        bytes_of_old = await store_both(notebook)
        await notebook.start_relay()
        travelled = [received(record) for record in await notebook.records(2)]
        events = [event for event in travelled if event is not None]
        assert [event.schema_version for event in events] == [1, 2]
        assert events[0].data == bytes_of_old
        assert await notes.SECOND.decode(events, Keys()) == [READ, NEW]


async def test_no_process_starts_on_a_store_that_it_cannot_read(
    databases: Databases, broker: Broker
) -> None:
    async with a_notebook(databases, broker.settings) as notebook:
        await store_both(notebook)
        await notebook.store.shapes.refuse_unreadable(notes.SECOND)
        codecs: list[EventCodec] = [notes.WITHOUT_UPCASTER, notes.FIRST]
        for codec, unreadable in zip(codecs, ["NoteWritten 1", "NoteWritten 2"], strict=True):
            with pytest.raises(DaybookError) as refused:
                await notebook.store.shapes.refuse_unreadable(codec)
            assert refused.value.problem_code == "events-unreadable"
            assert refused.value.detail.endswith(unreadable)


def test_both_versions_are_published_the_old_one_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    first = files_of(
        [gather(notes.published(notes.FIRST, notes.story_1), folder, "1.0")], [], tmp_path
    )
    write(first, first)
    topic = gather(notes.published(notes.SECOND, notes.story_2), folder, "2.0")
    files = files_of([topic], [], tmp_path)
    write(files, differing(files, tmp_path))

    for name in (
        "NoteWritten.1.json", "NoteWritten.1.personal.json", "examples/NoteWritten.1.json"
    ):  # fmt: skip
        assert (folder / name).read_text() == first[folder / name]
    for version in (1, 2):
        told = json.loads((folder / f"examples/NoteWritten.{version}.json").read_text())
        schema = json.loads((folder / f"NoteWritten.{version}.json").read_text())
        Draft202012Validator(schema).validate(json.loads(told["value"]))

    document = json.loads((folder / "asyncapi.json").read_text())
    assert official().is_valid(document)
    messages = document["components"]["messages"]
    assert [messages[f"NoteWritten.{v}"].get("deprecated") for v in (1, 2)] == [True, None]
    assert [messages[f"NoteWritten.{v}"]["x-daybook-since"] for v in (1, 2)] == ["1.0", "2.0"]
    assert document["operations"]["tell-notes"]["messages"] == [
        {"$ref": "#/channels/daybook.notes.v1/messages/NoteWritten.2"}
    ]
    page = (tmp_path / "README.md").read_text()
    assert "### NoteWritten, version 1\n\nNo longer written" in page
    assert files_of([gather(topic.published, folder, "3.0")], [], tmp_path) == files
