"""A text that somebody typed means words, parts of CJK names, or digits of a phone number."""

import re
from dataclasses import dataclass

from services.customers.projections.searchable import (
    EMAIL,
    MOST_WORDS,
    PHONE,
    can_be_misspelt,
    grams,
    mailbox_key,
    misspellings,
    pairs,
    word_keys,
)
from services.customers.projections.spelling import CJK, contracted, spelled, words_of

# What people write around digits: +49 (0)89 1234-567, 0089 / 1234.
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()./+-]*")
_FEWEST_DIGITS = 3
# What may be a mailbox, and is neither a word nor a number: anna.meyer, am17.
_MAILBOX = re.compile(r"(?=.*[a-z])(?=.*[0-9._])[^\s@]+")
_PIECES = re.compile(f"{CJK.pattern}|(?:(?!{CJK.pattern}).)+")
# An index of three letters together knows where words begin, and no two letters within one.
_SHORTEST_INSIDE = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that must be there, in one of its writings.

    `writings` stand anywhere in the text, or, with `begins_word`, where a word begins; `keys` are
    all among a customer's keys.
    """

    writings: tuple[str, ...]
    begins_word: bool = False
    keys: tuple[str, ...] = ()
    is_cjk: bool = False

    @property
    def is_indexed(self) -> bool:
        """Whether an index finds it; signs alone are in none."""
        return any(c.isalnum() for c in self.writings[0])

    @property
    def misspellings(self) -> frozenset[str]:
        """The keys of all words that differ from it by one letter; empty if it is too short."""
        word = contracted(self.writings[0])
        if self.is_cjk or not can_be_misspelt(word):
            return frozenset()
        return frozenset(misspellings(word))


@dataclass(frozen=True, slots=True)
class Sought:
    """A text as it is looked for."""

    whole: str
    """Its spelling."""
    pieces: tuple[Piece, ...]
    digits: str = ""
    """What of it can be part of a phone number."""

    @property
    def whole_keys(self) -> list[str]:
        """The keys of a customer whose address or number it is; none if it can be neither."""
        addresses = [EMAIL + self.whole] if "@" in self.whole else []
        return [*addresses, *([PHONE + self.digits] if self.digits else [])]

    @property
    def mailbox_keys(self) -> list[str]:
        """The keys of a customer whose mailbox it is; none if it is a word or a number."""
        return [mailbox_key(self.whole)] if _MAILBOX.fullmatch(self.whole) else []

    @property
    def words(self) -> list[str]:
        """The keys of its words, if it is words and has no signs; else nothing."""
        keys = word_keys(self.whole)
        are_all = len(keys) == len(words_of(self.whole)) and not self.digits
        are_all = are_all and self.whole.replace(" ", "").isalnum()
        return keys if are_all and len(keys) <= MOST_WORDS else []

    @property
    def several_words(self) -> list[str]:
        """The keys of its words if there are two or more: then what stands within one is another's.

        A single word may be the beginning of the one that is meant.
        """
        return keys if len(keys := self.words) > 1 else []

    @property
    def can_be_misspelt(self) -> bool:
        """Whether it has a word whose misspellings can be looked for."""
        return any(piece.misspellings for piece in self.pieces)


def sought(text: str) -> Sought:
    """Return what a text means; it may have no pieces, if nothing in it can be seen."""
    whole = spelled(text)
    digits = _digits(whole)
    if digits:
        return Sought(whole, (Piece((digits,)),), digits)
    return Sought(whole, tuple(_piece(each) for word in whole.split() for each in _cut(word)))


def _cut(word: str) -> list[str]:
    return _PIECES.findall(word)


def _piece(text: str) -> Piece:
    if CJK.match(text):
        keys = tuple(pairs(text)) or tuple(grams(text))
        return Piece((text,), keys=keys, is_cjk=True)
    writings = tuple(dict.fromkeys((text, contracted(text))))
    return Piece(writings, begins_word=min(map(len, writings)) < _SHORTEST_INSIDE)


def _digits(whole: str) -> str:
    """Return the digits of what looks like a phone number, without prefixes for world and trunk."""
    if _PHONE.fullmatch(whole) is None:
        return ""
    digits = re.sub(r"[^0-9]", "", whole.replace("(0)", ""))
    if not whole.startswith("+"):
        digits = digits.removeprefix("00").removeprefix("0")
    return digits if len(digits) >= _FEWEST_DIGITS else ""
