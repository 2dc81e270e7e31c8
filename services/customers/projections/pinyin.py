"""A Chinese name can be found by how it sounds: 海望 by `haiwang`, `hai wang` and `hw`.

The readings are pypinyin's data, read without its code: that keeps all 47,000 phrases in memory and
takes 26 µs a name. Kept here: one reading per character, and of the phrases those few thousand
whose reading cannot be told from their characters (银行, 重庆). Read when the first Chinese name
comes, so that only projectors have it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from sys import intern
from unicodedata import normalize

HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
LONGEST_PHRASE = 4
_CHARACTER = re.compile(r'"(\d+)": ?"([^",]+)')
_PHRASE = re.compile(r'"([\u3400-\u4dbf\u4e00-\u9fff]{2,4})": ?\[([^:]*)\]')
_READING = re.compile(r'"([^"]+)"')
# As surnames these are read in a way of their own.
_SURNAMES = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "查": "zha", "区": "ou", "朴": "piao",
    "任": "ren", "华": "hua", "盖": "ge", "翟": "zhai", "覃": "qin", "缪": "miao", "纪": "ji",
    "尹": "yin", "洗": "xian", "员": "yun", "乐": "yue", "燕": "yan", "召": "shao", "折": "she",
    "黑": "he", "秘": "bi", "宓": "mi", "都": "du", "句": "gou", "种": "chong", "尉": "wei",
}  # fmt: skip
_LONGEST_PERSON = 4


@dataclass(frozen=True, slots=True)
class Readings:
    """How characters sound, and the phrases in which they sound otherwise."""

    characters: dict[str, str]
    phrases: dict[str, tuple[str, ...]]

    def of(self, text: str) -> list[str]:
        """Return the syllables of a run of Chinese characters."""
        syllables: list[str] = []
        place = 0
        while place < len(text):
            phrase = self._phrase_at(text, place)
            syllables += phrase or (self.characters.get(text[place], ""),)
            place += len(phrase) or 1
        return [syllable for syllable in syllables if syllable]

    def _phrase_at(self, text: str, place: int) -> tuple[str, ...]:
        for length in range(min(LONGEST_PHRASE, len(text) - place), 1, -1):
            phrase = self.phrases.get(text[place : place + length])
            if phrase is not None:
                return phrase
        return ()


def sounds_of(name: str) -> list[list[str]]:
    """Return the syllables of each run of Chinese characters in a name."""
    runs = HAN.findall(name)
    if not runs:
        return []
    readings = _readings()
    spoken = [readings.of(run) for run in runs]
    if len(runs) == 1 and len(runs[0]) == len(name) <= _LONGEST_PERSON and spoken[0]:
        spoken[0][0] = _SURNAMES.get(name[0], spoken[0][0])
    return [syllables for syllables in spoken if syllables]


@cache
def _readings() -> Readings:
    spec = find_spec("pypinyin")
    if spec is None or spec.submodule_search_locations is None:
        raise RuntimeError("pypinyin is not installed")
    folder = Path(spec.submodule_search_locations[0])
    characters = dict(_characters((folder / "pinyin_dict.json").read_text("utf-8")))
    phrases = _phrases((folder / "phrases_dict.json").read_text("utf-8"), characters)
    return Readings(characters, dict(phrases))


def _characters(data: str) -> Iterator[tuple[str, str]]:
    for found in _CHARACTER.finditer(data):
        character = chr(int(found[1]))
        if HAN.match(character):
            yield character, _toneless(found[2])


def _phrases(data: str, characters: dict[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for found in _PHRASE.finditer(data):
        phrase = found[1]
        spoken = tuple(_toneless(reading) for reading in _READING.findall(found[2]))
        told = tuple(characters.get(character, "") for character in phrase)
        if len(spoken) == len(phrase) and spoken != told:
            yield phrase, spoken


@cache
def _toneless(reading: str) -> str:
    apart = normalize("NFD", reading).replace("u\u0308", "v")
    return intern("".join(c for c in apart if c.isascii()))
