"""Every customer that was found says why: in which field, and how the text stands there."""

from collections.abc import Iterator, Mapping
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
        if how := _as_a_whole(sign, text, sought):
            return [Match(_FIELDS[sign], how)]
    return list(dict.fromkeys(_match(lines, piece) for piece in sought.pieces))


def _as_a_whole(sign: str, text: str, sought: Sought) -> How | None:
    whole = sought.digits if sign == PHONE else sought.whole
    if not whole or sign in _SOUNDS:
        return None
    if text == whole:
        return "whole"
    return "beginning" if text.startswith(whole) else None


def _match(lines: list[tuple[str, str]], piece: Piece) -> Match:
    """Return where a piece stands best: at the beginning of a word, else within one."""
    found = [
        *_standing(lines, piece, at=" "),
        *([] if piece.begins_word else _standing(lines, piece)),
    ]
    return found[0] if found else Match("name", "misspelt")


def _standing(lines: list[tuple[str, str]], piece: Piece, at: str = "") -> Iterator[Match]:
    for sign, text in lines:
        if any(at + writing in " " + text for writing in piece.writings):
            yield Match(_FIELDS[sign], _SOUNDS.get(sign, "word" if at else "part"))
