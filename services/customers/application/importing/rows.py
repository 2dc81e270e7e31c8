"""A row of a file as it stands there, and what can be said about one that cannot be taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LONGEST_ROW: Final = 1_000_000
"""Characters; a row that is longer is refused, and so is a quote that stays open for longer."""
SURPLUS: Final = "surplus cells"
RECORD: Final = "record"
TOLD: Final = ("outcome", "line", "field", "problem", "fix")
"""The columns that a file of refused rows adds; a mended file that has them all still does."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row, or with one field of it, and how to mend it."""

    field: str
    problem: str
    fix: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `cells` by column as they stand there, `parts` what was structured already.

    A row with a problem could not be read at all.
    """

    number: int
    line: int
    cells: Mapping[str, str]
    parts: Mapping[str, Any] = field(default_factory=dict)
    problem: RowProblem | None = None


def fit(cells: Mapping[str, str]) -> tuple[Mapping[str, str], RowProblem | None]:
    """Return the cells as they can be told, and what is wrong with their characters, if any."""
    for column, cell in cells.items():
        if "\x00" in cell:
            return cells, RowProblem(column, "holds a NUL character", "remove it")
        if not cell.isascii() and any("\ud800" <= char <= "\udfff" for char in cell):
            told = {name: _told(text) for name, text in cells.items()}
            problem = "is not text in the file's encoding"
            return told, RowProblem(_told(column), problem, "save the file as UTF-8")
    return cells, None


def _told(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
