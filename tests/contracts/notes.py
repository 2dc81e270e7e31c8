"""A topic of notes as its service published it over the years, for tests of changes."""

from collections.abc import Sequence
from typing import Any, Literal

from cli.contracts.published import PublishedTopic
from cli.contracts.stories import KEY, Story, Told
from shared.events import Event, Personal
from shared.eventstore.codec import EventCodec
from shared.messaging.topics import FOREVER, Topic
from tests.contracts.notes_second import NoteWritten as NoteWritten2
from tests.contracts.notes_second import Titled

NOTES = Topic("daybook.notes.v1", 4)


class Written(Personal):
    """What the note says."""

    text: str
    """The words."""


class NoteWritten(Event):
    """A note was written."""

    color: Literal["red", "blue"]
    """The color of the ink."""
    size: int = 1
    """How large."""
    personal: Written | None = None


def upcast(members: dict[str, Any]) -> dict[str, Any]:
    """Read a note of the first version as one of the second."""
    second: dict[str, Any] = {"ink": members["color"]}
    if "personal" in members:
        title, _, words = members["personal"]["text"].partition("\n")
        second["personal"] = {"title": title, "words": words}
    return second


FIRST = EventCodec([NoteWritten])
SECOND = EventCodec([NoteWritten2], {("NoteWritten", 1): upcast})
WITHOUT_UPCASTER = EventCodec([NoteWritten2])
SAID = Written(text="milk\nand eggs")


def story_1() -> Sequence[Told]:
    return (Told("note-1", KEY.kid, "ada", NoteWritten(color="red", personal=SAID)),)


def story_2() -> Sequence[Told]:
    note = NoteWritten2(ink="green", personal=Titled(title="milk", words="and eggs"))
    return (Told("note-1", KEY.kid, "ada", note),)


def published(codec: EventCodec, story: Story) -> PublishedTopic:
    """Return the topic as a release with this codec publishes it."""
    return PublishedTopic(
        folder="notes",
        topic=NOTES,
        service="notes",
        about="Notes.",
        owner="the notes service",
        key="the note's id",
        codec=codec,
        story=story,
        upcasters_in="services/notes/storage/codec.py",
        settings=FOREVER,
    )
