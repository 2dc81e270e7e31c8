"""What people give is kept as they gave it, or refused with what to mend: it is never altered.

Refused is what nobody sees and what makes a text read otherwise than it is stored: control
characters, and the controls that embed, override or isolate a direction (U+202A to 202E, U+2066 to
2069), with which "gpj.exe" shows as "exe.jpg". All that scripts need is kept: combining marks,
joiners (U+200C, U+200D), direction marks (U+200E, U+200F, U+061C), look-alike letters.
"""

import re
from typing import Annotated, Final
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

OURS: Final = "daybook"
"""The type of our own validators' errors; their context holds `problem` and `fix`."""
LINE_SEPARATORS: Final = "\u2028\u2029"
DIRECTION_CONTROLS: Final = "\u202a-\u202e\u2066-\u2069"
_IN_A_LINE: Final = re.compile(f"[\x00-\x1f\x7f-\x9f{LINE_SEPARATORS}]")
_IN_LINES: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_DIRECTION: Final = re.compile(f"[{DIRECTION_CONTROLS}]")


class Given(BaseModel):
    """What somebody gives: members that we do not know are told, never ignored."""

    model_config = ConfigDict(extra="forbid")


def field_error(problem: str, fix: str) -> PydanticCustomError:
    """Return what a model's validator raises to speak in our words, for example "is blank".

    Neither sentence may hold the value itself.
    """
    return PydanticCustomError(OURS, "{problem}", {"problem": problem, "fix": fix})


def has_control_character(text: str) -> bool:
    """Say whether this is more than one line: PostgreSQL's text, for one, cannot hold a NUL."""
    return _IN_A_LINE.search(text) is not None


def _one_line(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if has_control_character(text):
        raise field_error(
            "holds a control character", "Remove line breaks, tabs and other control characters."
        )
    return _seen(text)


def _several_lines(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _IN_LINES.search(text) is not None:
        raise field_error(
            "holds a control character", "Remove control characters other than line breaks."
        )
    return _seen(text)


def _seen(text: str) -> str:
    """Return the text if it is what it looks like, and there is something to see."""
    if _DIRECTION.search(text) is not None:
        raise field_error(
            "holds a control that changes the direction of writing unseen",
            "Remove it; letters of every direction are welcome as they are.",
        )
    if text and all(category(char)[0] in "ZC" for char in text):
        raise field_error("holds nothing that can be seen", "Write it with letters.")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_one_line)]
"""A text on one line, without the spaces around it: what a name or a title should be."""

Lines = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_several_lines)]
"""A text in as many lines as it has, without what is blank around it; line breaks are "\n"."""
