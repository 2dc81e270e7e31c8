"""What a command says is a table on a terminal, aligned text in a pipe, and never an escape."""

import sys
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.answers import Dated
from shared.authorization.people import DEMO_PEOPLE

NOTHING = "—"
ERASED = "(erased)"
NAME_OF_SUBJECT = {person.subject: name for name, person in DEMO_PEOPLE.items()}
LENGTH_OF_ID = 36
# Overrides of the writing direction can make one name look like another.
_DECEIVING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """Return the text with nothing in it that a terminal would obey instead of show."""
    return "".join(
        "\ufffd" if char in _DECEIVING or unicodedata.category(char) == "Cc" else char
        for char in text
    )


def say(text: str) -> None:
    """Say something about the work, beside the answer: on stderr."""
    click.echo(printable(text), err=True)


def show(text: str) -> None:
    """Give one line of the answer: on stdout."""
    click.echo(printable(text))


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show rows under their headings; in a pipe as aligned text that is never cut."""
    clean = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        Console().print(_rich_table(headings, clean))
        return
    lines = [[heading.upper() for heading in headings], *clean]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def shown_time(at: datetime) -> str:
    """Return a time as it is shown everywhere: UTC, to the millisecond."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC"


def shown_person(subject: str) -> str:
    """Return the name one signs in with, if it is known whose id this is, else the id."""
    return NAME_OF_SUBJECT.get(subject, subject)


def counted(number: int, thing: str) -> str:
    """Return how many things there are, in words: 1 record, 2 records."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def in_short(text: str) -> str:
    """Return the beginning of an id that nobody needs whole; anything else as it is."""
    return f"{text[:8]}…" if len(text) == LENGTH_OF_ID else text


def shown_name(name: str | None, *, is_erased: bool | None) -> str:
    """Return the name, or why there is none."""
    return ERASED if is_erased else (name or NOTHING)


def say_as_of(answer: Dated) -> None:
    """Say until when an answer is complete, if that is not now."""
    if answer.data_as_of is not None:
        at = shown_time(answer.data_as_of)
        say(f"Data as of {at}: changes since then are stored, not shown.")


def _rich_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    # The first column is what one copies, an id for example: it is never folded.
    widest = max((cell_len(row[0]) for row in rows), default=0)
    for column, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", min_width=0 if column else widest)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
