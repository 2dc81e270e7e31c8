"""Every customer that was found says why: in which field, and how the text stands there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.customers.projections.searchable import (
    ADDRESS,
    EMAIL,
    INITIALS,
    NAME,
    PHONE,
    SOUND,
    WRITING,
)
from services.customers.projections.sought import Piece, Sought

Field = Literal["name", "email", "phone", "address"]
How = Literal["whole", "beginning", "word", "part", "sound", "initials", "misspelt"]

_FIELDS: Final[Mapping[str, Field]] = {
    NAME: "name", WRITING: "name", SOUND: "name", INITIALS: "name",
    EMAIL: "email", PHONE: "phone", ADDRESS: "address",
}  # fmt: skip
_SOUNDS: Final[Mapping[str, How]] = {SOUND: "sound", INITIALS: "initials"}


@dataclass(frozen=True, slots=True)
class Match:
    """One reason why a customer was found.

    `whole`: the field is the text; `beginning`: it begins with it; `word`: a word of it does;
    `part`: it stands within; `sound`, `initials`: so a Chinese name is read, in pinyin; `misspelt`:
    a word differs by one letter.
    """

    field: Field
    how: How


def matches(search: str, sought: Sought) -> list[Match]:
    """Return why a customer with this text was found: the whole of it, or piece by piece."""
    lines = [(line[0], line[2:]) for line in search.split("\n") if line]
    for sign, text in lines:
        whole = sought.digits if sign == PHONE else sought.whole
        if whole and text.startswith(whole) and sign not in _SOUNDS:
            return [Match(_FIELDS[sign], "whole" if text == whole else "beginning")]
    return list(dict.fromkeys(_match(lines, piece) for piece in sought.pieces))


def _match(lines: list[tuple[str, str]], piece: Piece) -> Match:
    """Return where a piece stands best: at the beginning of a word, else within one."""
    best = _standing(lines, piece, at=" ")
    if best is None and not piece.begins_word:
        best = _standing(lines, piece)
    return best or Match("name", "misspelt")


def _standing(lines: list[tuple[str, str]], piece: Piece, at: str = "") -> Match | None:
    """Return where it stands first, with `at` before it."""
    for sign, text in lines:
        for writing in piece.writings:
            if at + writing in " " + text:
                return Match(_FIELDS[sign], _SOUNDS.get(sign, "word" if at else "part"))
    return None
