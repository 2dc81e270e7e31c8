"""The bytes of a file become lines of text in constant memory, whatever its encoding and size."""

import codecs
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

from services.customers.application.importing.rows import LONGEST_ROW

SAMPLE_BYTES: Final = 65_536
# What spreadsheets and exports of our users' systems write; a guess is made among these alone.
LIKELY: Final = ("gb18030", "big5", "cp1252", "cp1250", "shift_jis", "euc_kr", "cp1251")
MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class LineTooLongError(Exception):
    """A line longer than any row may be; it was passed over to its end."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its end, and its number from 1; None in place of one that is too long."""

    number: int
    text: str | None


def guess_encoding(sample: bytes) -> str:
    """Return the encoding of a file by its mark, by being UTF-8, or by what its text looks like."""
    for mark, encoding in MARKS:
        if sample.startswith(mark):
            return encoding
    try:
        # A sample may end inside a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        best = from_bytes(sample, cp_isolation=list(LIKELY)).best()
        return "cp1252" if best is None else best.encoding
    return "utf-8"


class Lines:
    """The lines of a file, one after the other; the last ones can be put back."""

    def __init__(self, chunks: Iterator[bytes], encoding: str | None = None) -> None:
        """Read chunks as they are needed; the first decides how, unless the encoding is given."""
        self._chunks = chunks
        first = next(chunks, b"")
        self.encoding = encoding or guess_encoding(first[:SAMPLE_BYTES])
        # What is no text in this encoding is found by the row that holds it.
        self._decoder = codecs.getincrementaldecoder(self.encoding)("surrogateescape")
        self._text = self._decoder.decode(first)
        self._end = "\r" if "\n" not in self._text and "\r" in self._text else "\n"
        self._at = 0
        self._number = 0
        self._is_over = False
        self._back: deque[Line] = deque()
        self.bytes_read = len(first)

    def __iter__(self) -> Iterator[Line]:
        """Go on where it stands."""
        return self

    def __next__(self) -> Line:
        """Return the next line."""
        if self._back:
            return self._back.popleft()
        text = self._next_text()
        self._number += 1
        return Line(self._number, text)

    def put_back(self, lines: list[Line]) -> None:
        """Have these lines come again, in this order."""
        self._back.extendleft(reversed(lines))

    def _next_text(self) -> str | None:
        while True:
            end = self._text.find(self._end, self._at)
            if end >= 0:
                line = self._text[self._at : end + 1]
                self._at = end + 1
                return line if len(line) <= LONGEST_ROW else None
            if len(self._text) - self._at > LONGEST_ROW:
                self._pass_over()
                return None
            if not self._read_more():
                break
        line, self._text, self._at = self._text[self._at :], "", 0
        if not line:
            raise StopIteration
        return line

    def _read_more(self) -> bool:
        """Have more text behind what is left; False at the end of the file."""
        if self._is_over:
            return False
        chunk = next(self._chunks, None)
        self._is_over = chunk is None
        self.bytes_read += 0 if chunk is None else len(chunk)
        more = self._decoder.decode(chunk or b"", final=self._is_over)
        self._text, self._at = self._text[self._at :] + more, 0
        return True

    def _pass_over(self) -> None:
        while (end := self._text.find(self._end, self._at)) < 0:
            self._text, self._at = "", 0
            if not self._read_more():
                return
        self._at = end + 1
