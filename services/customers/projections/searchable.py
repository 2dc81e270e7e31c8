"""What a customer can be found by lies ready in the directory: a text in lines, and exact keys.

Each line begins with a sign that says what it is of, then a space, so that each word of it stands
behind one. The name in all its writings comes first; an empty line parts it from the rest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase

from services.customers.projections.pinyin import sounds_of
from services.customers.projections.spelling import (
    CJK,
    contracted,
    expanded,
    spelled,
    words_of,
)

NAME, WRITING, SOUND, INITIALS, EMAIL, PHONE, ADDRESS = ".", ",", ";", ":", "@", "+", "#"
WORD = "~"
# Fewer letters have too many neighbours, more words are no name that anybody types from memory.
SHORTEST_MISSPELT, LONGEST_WORD = 4, 20
MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Searchable:
    """What of a customer can be searched; `keys` are sorted."""

    text: str
    keys: tuple[str, ...]


def searchable(
    name: str, emails: Iterable[str], phones: Iterable[str], addresses: Iterable[str]
) -> Searchable:
    """Return what a customer is found by; phones as digits, each address in one line."""
    spelling = spelled(name)
    mails = [spelled(email) for email in emails]
    numbers = [number.lstrip("+") for number in phones]
    places = [spelled(address) for address in addresses]
    lines = [f"{NAME} {spelling}", *_other_writings(name, spelling), *_sounds(name), ""]
    lines += [f"{EMAIL} {mail}" for mail in mails]
    lines += [f"{PHONE} {number}" for number in numbers]
    lines += [f"{ADDRESS} {place}" for place in places]
    keys = {EMAIL + mail for mail in mails} | {PHONE + number for number in numbers}
    keys.update(mailbox_key(mail.partition("@")[0]) for mail in mails)
    keys.update(word_keys(spelling)[:MOST_WORDS])
    if not spelling.isascii():
        keys.update(gram for run in CJK.findall(spelling) for gram in grams(run))
    for place in places:
        if not place.isascii():
            keys.update(gram for run in CJK.findall(place) for gram in pairs(run))
    return Searchable("\n".join(lines), tuple(sorted(keys)))


def grams(run: str) -> Iterator[str]:
    """Return every character and every pair of a run of CJK characters."""
    yield from run
    yield from pairs(run)


def pairs(run: str) -> Iterator[str]:
    """Return every pair of neighbours of a run of CJK characters."""
    for first, second in pairwise(run):
        yield first + second


def misspellings(word: str) -> set[str]:
    """Return the keys of the word and of all that differ from it by one letter.

    One too many, too few, another, or two swapped. A word has one key, the search looks for some
    hundreds: that costs a search milliseconds, and the other way round every write would pay.
    """
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    letters = sorted({*ascii_lowercase, *word})
    near = {word}
    for head, tail in parts:
        near.update(head + letter + tail for letter in letters)
        if tail:
            near.add(head + tail[1:])
            near.update(head + letter + tail[1:] for letter in letters)
        if len(tail) > 1:
            near.add(head + tail[1] + tail[0] + tail[2:])
    return {WORD + one for one in near}


def can_be_misspelt(word: str) -> bool:
    """Say whether a word has misspellings that are looked for."""
    return len(word) >= SHORTEST_MISSPELT and _has_key(word)


def mailbox_key(mailbox: str) -> str:
    """Return the key of what stands before the @ of an address."""
    return f"{EMAIL}{mailbox}@"


def word_keys(spelling: str) -> list[str]:
    """Return the keys of the words of a name, in their order."""
    return [WORD + word for word in words_of(contracted(spelling)) if _has_key(word)]


def _has_key(word: str) -> bool:
    return len(word) <= LONGEST_WORD and not CJK.search(word)


def _other_writings(name: str, spelling: str) -> Iterator[str]:
    """Return lines for umlauts as two letters and as one, and for words with signs in them."""
    said = {spelling}
    whole = (expanded(name), contracted(spelling))
    for other in (*whole, _without_signs(spelling)):
        if other and other not in said:
            said.add(other)
            yield f"{WRITING} {other}"


def _without_signs(spelling: str) -> str:
    """Return jean-luc as `jean luc jeanluc`; nothing if no word has signs."""
    if spelling.isalnum() or spelling.replace(" ", "").isalnum():
        return ""
    words: list[str] = []
    for word in spelling.split(" "):
        parts = words_of(word)
        words += parts
        if len(parts) > 1:
            words.append("".join(parts))
    return " ".join(words)


def _sounds(name: str) -> Iterator[str]:
    """Return lines for each run of Chinese characters: as one word, by syllable, by initials."""
    if name.isascii():
        return
    for syllables in sounds_of(name):
        joined = "".join(syllables)
        said = f"{SOUND} {joined} {' '.join(syllables)}"
        yield f"{said} {joined.replace('v', 'u')}" if "v" in joined else said
        if len(syllables) > 1:
            yield f"{INITIALS} {''.join(syllable[0] for syllable in syllables)}"
