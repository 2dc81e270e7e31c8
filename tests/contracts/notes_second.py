"""The notes in their second version: ink instead of color, a title, no size."""

from typing import ClassVar, Literal

from shared.events import Event, Personal


class Titled(Personal):
    """What the note says, title and all."""

    title: str
    """The first line."""
    words: str
    """The other lines."""


class NoteWritten(Event):
    """A note was written, with a title."""

    schema_version: ClassVar[int] = 2

    ink: Literal["red", "blue", "green"]
    """The color of the ink."""
    personal: Titled | None = None
