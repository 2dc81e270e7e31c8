"""One text has one spelling for sorting and searching, however it was typed.

Without case, accents, width and invisible marks. German umlauts are known in both their writings
beside that: `Müller`, `Mueller` and `Muller` are one name.
"""

import re
from unicodedata import normalize

# Letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
        "ħ": "h",
    }
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
# Marks that are often left out: of Latin, Greek, Cyrillic, Hebrew, Arabic with its tatweel.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f]")
# Joiners, directions, soft hyphens: what can be in a text and is not seen.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
_WORD = re.compile(r"[^\W_]+")
_CONTRACTED = re.compile("([aou])e")
_SHORTEST_CONTRACTED = 5
# Of CJK every character may begin a word: Han, kana, Hangul, and what stands between them.
CJK = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U000323af]+"
)


def spelled(text: str) -> str:
    """Return the text without case, accents, width, invisible marks and surplus space."""
    if text.isascii():
        return " ".join(text.lower().split())
    apart = normalize("NFD", _INVISIBLE.sub("", normalize("NFKC", text)).casefold())
    return normalize("NFC", " ".join(_MARKS.sub("", apart).translate(_LETTERS).split()))


def expanded(text: str) -> str:
    """Return the spelling with German umlauts written as two letters: Müller as mueller."""
    if text.isascii():
        return spelled(text)
    return spelled(normalize("NFKC", text).casefold().translate(_UMLAUTS))


def contracted(spelling: str) -> str:
    """Return a spelling with `ae`, `oe`, `ue` as one letter: mueller as muller.

    Words of four letters stay: `sue` is no `su`.
    """
    if "ae" not in spelling and "oe" not in spelling and "ue" not in spelling:
        return spelling
    return " ".join(
        _CONTRACTED.sub(r"\1", word) if len(word) >= _SHORTEST_CONTRACTED else word
        for word in spelling.split(" ")
    )


def words_of(spelling: str) -> list[str]:
    """Return its words without signs: `o'brien, jr.` has the words o, brien and jr."""
    return _WORD.findall(spelling)
