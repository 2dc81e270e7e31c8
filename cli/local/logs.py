"""`daybook logs` shows what processes wrote, across the turning over of their files."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import click

from cli.local.logline import readable
from cli.local.paths import Place
from shared.errors import NotFoundError

LAST_LINES = 20
LOOK_SECONDS = 0.2
TAIL_BYTES = 64_000


def logs(place: Place, name: str | None, *, follow: bool) -> None:
    """Print the last lines of one log or of all, then, if asked, whatever comes.

    Raises:
        NotFoundError: there is no such log.
    """
    found = {path.stem: path for path in sorted(place.logs.glob("*.log"))}
    if name is not None and name not in found:
        raise NotFoundError(
            f"There is no log of '{name}', only of: {', '.join(found) or 'nothing yet'}.",
            fix=f"{place.command} logs",
        )
    chosen = {name: found[name]} if name is not None else found
    width = max((len(one) for one in chosen), default=0)
    with ExitStack() as opened:
        tails = [opened.enter_context(closing(Tail(*one))) for one in chosen.items()]
        for tail in tails:
            for line in tail.last_lines():
                _show(tail.name, line, width)
        while follow:
            for tail in tails:
                for line in tail.new_lines():
                    _show(tail.name, line, width)
            time.sleep(LOOK_SECONDS)


class Tail:
    """The end of one log, and everything that is added to it."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._file = path.open("rb")
        self._half = b""

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def last_lines(self) -> list[str]:
        """Return the last lines and stand behind them."""
        size = self._file.seek(0, 2)
        self._file.seek(max(0, size - TAIL_BYTES))
        return list(self.new_lines())[-LAST_LINES:]

    def new_lines(self) -> Iterator[str]:
        """Yield the whole lines written since, of the new file too after a turn-over."""
        yield from self._rest()
        if self._path.exists() and not self._path.samefile(f"/proc/self/fd/{self._file.fileno()}"):
            self._file.close()
            self._file = self._path.open("rb")
            yield from self._rest()

    def _rest(self) -> Iterator[str]:
        *whole, self._half = (self._half + self._file.read()).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")


def _show(name: str, line: str, width: int) -> None:
    # A program that reads gets the JSON; a person gets a sentence.
    text = readable(line) if sys.stdout.isatty() else line
    click.echo(f"{click.style(f'{name:<{width}}', dim=True)}  {text}")
