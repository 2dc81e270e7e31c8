"""A file is opened as what it is, and its rows come in batches, each one checked."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson

from services.customers.application.importing.columns import (
    IGNORED,
    Columns,
    guessed,
    is_field,
    mapped,
)
from services.customers.application.importing.csv_file import CsvFile
from services.customers.application.importing.entries import Entry, entry_of
from services.customers.application.importing.given_rows import CheckedRow, checked
from services.customers.application.importing.lines import Lines
from services.customers.application.importing.ndjson_file import NdjsonFile, scalars
from services.customers.application.importing.presets import Preset, preset
from services.customers.application.importing.rows import RECORD, TOLD, Row, RowProblem
from services.customers.application.importing.sealing import Marks
from services.customers.application.importing.vcard_file import VcardFile
from shared.errors import InvalidInputError

AnyFile = CsvFile | NdjsonFile | VcardFile
FORMATS: Final[Mapping[str, type[AnyFile]]] = {
    "csv": CsvFile,
    "ndjson": NdjsonFile,
    "vcard": VcardFile,
}
SAMPLE_ROWS: Final = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file is to be read; what is None is guessed."""

    format: str
    encoding: str | None = None
    source: str = ""
    kind: str | None = None
    preset: str | None = None
    country: str | None = None
    map: Mapping[str, str] | None = None

    @staticmethod
    def of(about: Mapping[str, Any]) -> "Asked":
        """Read what `POST /v1/imports` kept."""
        return Asked(
            about["format"], about.get("encoding"), about.get("source", ""), about.get("kind"),
            about.get("preset"), about.get("country"), about.get("map"),
        )  # fmt: skip

    def refuse_unfit(self) -> None:
        """Raise InvalidInputError if this can be said without the file."""
        if self.preset is not None:
            preset(self.preset)
        for column, field in (self.map or {}).items():
            if not is_field(field):
                raise InvalidInputError(
                    f"There is no field {field[:60]} to map a column to.",
                    field="map",
                    fix="Map to name, given_name, family_name, kind, email, phone, address.city, "
                    "tags, stage, owner, note, key, id or custom.NAME, for example; - leaves"
                    f" {column[:60]} out.",
                )


@dataclass(slots=True)
class ReadRow:
    """A row that was read and checked, and the marks by which it is known again."""

    entry: Entry
    given: CheckedRow | RowProblem
    key: bytes
    content: bytes
    is_known_by_key: bool
    odd: tuple[RowProblem, ...]


class FileReading:
    """The rows of one file from its beginning, read in a thread, batch by batch."""

    def __init__(self, asked: Asked, chunks: Iterator[bytes], marks: Marks) -> None:
        """Begin to read; `chunks` is gone through in the thread that reads."""
        self._asked = asked
        self._marks = marks
        self._lines = Lines(chunks, asked.encoding)
        self._file = FORMATS[asked.format](self._lines)
        self._preset: Preset | None = None if asked.preset is None else preset(asked.preset)
        # Only a file of refused rows has all of them.
        self._told = frozenset(TOLD if set(TOLD) <= set(self._file.columns) else ())
        rows = iter(self._file)
        sample = list(islice(rows, SAMPLE_ROWS))
        self.columns = self._columns([_cells(row) for row in sample])
        self._meaning = orjson.dumps(
            [self.columns.fields, self.columns.kind], option=orjson.OPT_SORT_KEYS
        ).decode()
        self._rows = _chained(sample, rows)

    @property
    def bytes_read(self) -> int:
        """How far it is in the file."""
        return self._lines.bytes_read

    @property
    def found(self) -> dict[str, Any]:
        """What was found out about the file: encoding, delimiter, what each column means."""
        named = {
            column: self.columns.fields.get(column)
            for column in self._file.columns
            if column not in self._told
        }
        told: dict[str, Any] = {"encoding": self._lines.encoding, "columns": named}
        if isinstance(self._file, CsvFile):
            told["delimiter"] = self._file.delimiter
        return told

    def skip(self, rows: int) -> None:
        """Pass over rows that were done before."""
        for _ in islice(self._rows, rows):
            pass

    def next_batch(self, size: int) -> list[ReadRow]:
        """Return the next rows, checked; none at the end."""
        return [self._read(row) for row in islice(self._rows, size)]

    def _read(self, row: Row) -> ReadRow:
        entry = entry_of(row, self.columns)
        cells = {name: cell for name, cell in row.cells.items() if cell and name not in self._told}
        said = orjson.dumps([cells, row.parts], option=orjson.OPT_SORT_KEYS)
        source = self._asked.source
        key = (
            self._marks.of_row(source, said)
            if entry.key is None
            else self._marks.of_key(source, entry.key)
        )
        content = self._marks.of_content(said, self._meaning)
        return ReadRow(entry, checked(entry), key, content, entry.key is not None, self._odd(row))

    def _odd(self, row: Row) -> tuple[RowProblem, ...]:
        if self._preset is None:
            return ()
        return tuple(
            RowProblem(column, problem, "it is kept as it stands in a note; nothing is lost")
            for column, (pattern, problem) in self._preset.odd.items()
            if (cell := row.cells.get(column)) and not pattern.fullmatch(cell)
        )

    def _columns(self, sample: Sequence[Mapping[str, str]]) -> Columns:
        asked = self._asked
        names = list(self._file.columns) or list({name: None for row in sample for name in row})
        names = [name for name in names if name not in self._told]
        if self._preset is not None:
            missing = sorted(set(self._preset.fields) - set(names))
            if missing:
                raise InvalidInputError(
                    f"The file has no column {', '.join(missing)} in its first line.",
                    field="preset",
                    fix="leave the preset out, and columns are guessed by their names",
                )
            columns = Columns({**self._preset.fields, **(asked.map or {})}, self._preset.kind)
        elif isinstance(self._file, VcardFile):
            columns = Columns({name: name for name in names if is_field(name)}, None)
        elif asked.map:
            columns = mapped(names, sample, asked.map)
        else:
            columns = guessed(names, sample)
        if not {"name", "given_name", "family_name", "id"} & set(columns.fields.values()):
            columns = self._refuse_nameless(names, columns)
        told = dict.fromkeys(self._told, IGNORED)
        return Columns({**columns.fields, **told}, asked.kind or columns.kind, asked.country)

    def _refuse_nameless(self, names: Sequence[str], columns: Columns) -> Columns:
        if not isinstance(self._file, CsvFile):
            return columns
        raise InvalidInputError(
            f"No column of the file is known as a name; its first line has {len(names)} columns.",
            field="map",
            fix='map the one that is, for example map={"Client": "name"}; the first line must'
            " name the columns",
        )


def pulled(
    read: Callable[[int], Any], count: int, loop: asyncio.AbstractEventLoop
) -> Iterator[bytes]:
    """Yield pieces that a coroutine of the event loop reads; for a thread beside it."""
    for number in range(count):
        yield asyncio.run_coroutine_threadsafe(read(number), loop).result()


def _cells(row: Row) -> Mapping[str, str]:
    cells = {column: cell for column, cell in row.cells.items() if column != RECORD}
    return {**cells, **scalars(row.parts)}


def _chained(sample: list[Row], rows: Iterator[Row]) -> Iterator[Row]:
    yield from sample
    yield from rows
