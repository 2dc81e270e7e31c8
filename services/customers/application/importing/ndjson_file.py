"""A file with one JSON object a line becomes rows."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from services.customers.application.importing.csv_file import TOO_LONG
from services.customers.application.importing.lines import Line, Lines
from services.customers.application.importing.rows import RECORD, Row, RowProblem, fit

NOT_JSON: Final = RowProblem(
    RECORD, "The line is no JSON object.", 'write one object a line: {"name": "Ada"}'
)


class NdjsonFile:
    """The rows of an NDJSON file; what is no text, number or truth value stays as it is."""

    columns: tuple[str, ...] = ()

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Row]:
        """Yield every row that is not an empty line."""
        number = 0
        for line in self._lines:
            if line.text is not None and not line.text.strip():
                continue
            number += 1
            yield _row(number, line)


def _row(number: int, line: Line) -> Row:
    if line.text is None:
        return Row(number, line.number, {}, problem=TOO_LONG)
    text = line.text.strip()
    cells, problem = fit({RECORD: text})
    if problem is not None:
        return Row(number, line.number, cells, problem=problem)
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Row(number, line.number, cells, problem=NOT_JSON)
    if not isinstance(record, dict):
        return Row(number, line.number, cells, problem=NOT_JSON)
    return Row(number, line.number, cells, record)


def is_scalar(value: object) -> bool:
    """Say whether a member is one value, as a cell is."""
    return isinstance(value, str | int | float | bool)


def as_cell(value: object) -> str:
    """Return a single value as a cell would have it."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def scalars(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the members of a record that are single values, as cells."""
    return {name: as_cell(value) for name, value in record.items() if is_scalar(value)}
