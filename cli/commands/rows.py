"""A file of customers becomes rows that the service understands, and no row of it is ever lost."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.errors import InvalidInputError

Preset = Literal["sp500", "febrl"]
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: as it stands there, and as the registration that it means."""

    number: int
    line: int
    cells: Cells
    kind: str
    name: str
    email: str
    has_surplus_cells: bool

    def idempotency_key(self, file_digest: str) -> str:
        """Return the key that makes a second import of the same file register nobody twice."""
        content = "\x1f".join((file_digest, str(self.number), self.kind, self.name, self.email))
        return hashlib.sha256(content.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """A file that was read: its columns, its rows, and a digest of its very bytes."""

    path: Path
    digest: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Shape:
    columns: tuple[str, ...]
    read: Callable[[Cells], tuple[str, str, str]]


def read_file(path: Path, preset: Preset | None) -> CustomerFile:
    """Read the whole file, or raise InvalidInputError with the line that cannot be read."""
    content = _bytes_of(path)
    records = _records(path, content)
    shape = SHAPES[preset]
    _, header = next(records, (1, []))
    columns = tuple(cell.strip() for cell in header)
    _refuse_unfit(path, columns, shape)
    rows = tuple(
        _row(number, line, columns, record, shape)
        for number, (line, record) in enumerate(records, start=1)
    )
    return CustomerFile(path, hashlib.sha256(content).hexdigest(), columns, rows)


def _refuse_unfit(path: Path, columns: tuple[str, ...], shape: _Shape) -> None:
    missing = [column for column in shape.columns if column not in columns]
    if missing:
        raise InvalidInputError(
            f"{path} has no column {', '.join(missing)} in its first line.",
            fix=f"make {','.join(shape.columns)} its first line, or name its kind with --preset",
        )
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    if twice:
        raise InvalidInputError(
            f"{path} has the column {', '.join(twice)} twice.", fix="rename one of the two"
        )


def _row(number: int, line: int, columns: tuple[str, ...], record: list[str], shape: _Shape) -> Row:
    padded = [cell.strip() for cell in record] + [""] * (len(columns) - len(record))
    cells = dict(zip(columns, padded, strict=False))
    surplus = padded[len(columns) :]
    if surplus:
        # Kept, so that the errors file shows the whole row.
        cells[SURPLUS] = ",".join(surplus)
    kind, name, email = shape.read(cells)
    return Row(number, line, cells, kind, name, email, has_surplus_cells=bool(surplus))


def _own(cells: Cells) -> tuple[str, str, str]:
    return cells["kind"], cells["name"], cells.get("email", "")


def _sp500(cells: Cells) -> tuple[str, str, str]:
    return "organisation", cells["Security"], ""


def _febrl(cells: Cells) -> tuple[str, str, str]:
    return "person", f"{cells['given_name']} {cells['surname']}".strip().title(), ""


SURPLUS = "surplus cells"
SHAPES: Mapping[Preset | None, _Shape] = {
    None: _Shape(("kind", "name"), _own),
    "sp500": _Shape(("Security",), _sp500),
    "febrl": _Shape(("given_name", "surname"), _febrl),
}


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.", fix="check the name with `ls -l`"
        ) from error


def _records(path: Path, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield every record that is not an empty line, with the line on which it starts."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInputError(
            f"{path} is not UTF-8 text at line {line}.", fix="save it as CSV with UTF-8"
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    first_line = 1
    try:
        for record in reader:
            if record:
                yield first_line, record
            first_line = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInputError(
            f"{path} is not CSV from line {first_line} on: {error}.",
            fix="mend the quotes of that line",
        ) from error
