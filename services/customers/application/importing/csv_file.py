"""A CSV file becomes rows: any usual delimiter, quoted line ends, and no row takes another along.

A quote that is opened and never closed costs its own line, not the rest of the file.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from services.customers.application.importing.lines import Line, Lines, LineTooLongError
from services.customers.application.importing.rows import (
    LONGEST_ROW,
    RECORD,
    SURPLUS,
    Row,
    RowProblem,
    fit,
)

DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE_LINES: Final = 20
TOO_LONG: Final = RowProblem(
    "",
    f"The row is longer than {LONGEST_ROW:,} characters.",
    "split it, or look whether line ends are missing in the file",
)
NEVER_CLOSED: Final = RowProblem(
    "", "A quote is opened here and never closed.", 'close it, or write "" for a quote in a text'
)
NOT_CSV: Final = RowProblem(
    "",
    "The quotes of this line are not CSV.",
    'put a cell with a quote in quotes and double it: "5"" disk"',
)
TOO_MANY_CELLS: Final = RowProblem(
    SURPLUS,
    "The row has more cells than the first line.",
    'put a cell with a comma in quotes: "Lovelace, Ada"',
)
csv.field_size_limit(LONGEST_ROW)


class CsvFile:
    """The rows of a CSV file; `columns` are those of its first line."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        ahead = list(islice(lines, SAMPLE_LINES))
        lines.put_back(ahead)
        self.delimiter = _delimiter([line.text or "" for line in ahead])
        _, header = next(self._records(), (1, []))
        self.columns = _named(header if isinstance(header, list) else [])

    def __iter__(self) -> Iterator[Row]:
        """Yield every row that is not an empty line."""
        for number, (line, record) in enumerate(self._records(), start=1):
            yield self._row(number, line, record)

    def _row(self, number: int, line: int, record: "list[str] | _Unread") -> Row:
        if isinstance(record, _Unread):
            return Row(number, line, fit({RECORD: record.text})[0], problem=record.problem)
        columns = self.columns
        cells = dict(zip(columns, map(str.strip, record), strict=False))
        if len(record) < len(columns):
            cells.update(dict.fromkeys(columns[len(record) :], ""))
        if len(record) > len(columns):
            surplus = [cell.strip() for cell in record[len(columns) :]]
            if any(surplus):
                # Kept, so that the file of refused rows shows the whole row.
                cells[SURPLUS] = self.delimiter.join(surplus)
        told, problem = fit(cells)
        return Row(number, line, told, problem=TOO_MANY_CELLS if cells.get(SURPLUS) else problem)

    def _records(self) -> Iterator[tuple[int, "list[str] | _Unread"]]:
        feed = _Feed(self._lines)
        while True:
            reader = csv.reader(feed, delimiter=self.delimiter, skipinitialspace=True, strict=True)
            feed.begin()
            try:
                for record in reader:
                    if record and any(record):
                        yield feed.first, record
                    feed.begin()
            except (csv.Error, LineTooLongError):
                yield feed.first, feed.give_back()
            else:
                return


@dataclass(frozen=True, slots=True)
class _Unread:
    """A line that is no record."""

    text: str
    problem: RowProblem


class _Feed:
    """Lines for the csv module; it remembers those of the record under way."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._taken: list[Line] = []
        self._length = 0

    def begin(self) -> None:
        self._taken.clear()
        self._length = 0

    @property
    def first(self) -> int:
        return self._taken[0].number if self._taken else 0

    def give_back(self) -> "_Unread":
        """Give back what an open quote took along; return its first line, and what is wrong."""
        first, *others = self._taken
        self._lines.put_back(others)
        if first.text is None:
            return _Unread("", TOO_LONG)
        is_open = others or first.text.count('"') % 2
        return _Unread(first.text.strip(), NEVER_CLOSED if is_open else NOT_CSV)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._taken.append(line)
        if line.text is None:
            raise LineTooLongError
        self._length += len(line.text)
        if self._length > LONGEST_ROW:
            raise csv.Error
        return line.text


def _delimiter(sample: list[str]) -> str:
    """Return what cuts the first lines into the same number of cells, more than one."""

    def worth(delimiter: str) -> tuple[int, int]:
        try:
            records = [r for r in csv.reader(sample, delimiter=delimiter) if r]
        except csv.Error:
            return 0, 0
        widths = [len(record) for record in records]
        if not widths or widths[0] == 1:
            return 0, 0
        return sum(width == widths[0] for width in widths), widths[0]

    return max(DELIMITERS, key=worth)


def _heading(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip("\x00 ")


def _named(header: list[str]) -> list[str]:
    """Return a name for each column: empty ones get a number, those there twice as well."""
    names: list[str] = []
    for place, cell in enumerate(header, start=1):
        name = _heading(cell) or f"column {place}"
        while name in names:
            name = f"{name} ({place})"
        names.append(name)
    return names
