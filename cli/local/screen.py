"""A person at the terminal sees each step, how long it took, and that a long one is still alive."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from shared.clock import Clock

SHOWN_AFTER_SECONDS = 2.0
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_SECONDS = 0.1
PLAIN_EVERY_SECONDS = 5.0
CLEAR_LINE = "\r\x1b[2K"


class Screen:
    """Prints steps; on a terminal a running step moves, in a file it adds a line now and then."""

    def __init__(self, clock: Clock, *, is_terminal: bool | None = None) -> None:
        self._clock = clock
        self._is_terminal = sys.stdout.isatty() if is_terminal is None else is_terminal
        self._detail = ""

    def say(self, text: str = "") -> None:
        """Print a line."""
        lead = CLEAR_LINE if self._is_terminal else ""
        click.echo(lead + text)

    def detail(self, text: str) -> None:
        """Say how far the running step is."""
        self._detail = text

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[None]:
        """Show a step while the body runs, and its time when it is done."""
        self._detail = ""
        started = self._clock.monotonic()
        ticker = asyncio.create_task(self._tick(title, started))
        try:
            yield
        except BaseException:
            self.say(f"  {click.style('✗', fg='red')} {title}")
            raise
        finally:
            ticker.cancel()
        took = self._clock.monotonic() - started
        done = f"{title}: {self._detail}" if self._detail else title
        self.say(f"  {click.style('✓', fg='green')} {done:<60} {took:5.1f} s")

    async def _tick(self, title: str, started: float) -> None:
        if not self._is_terminal:
            await asyncio.sleep(SHOWN_AFTER_SECONDS)
        frame = 0
        while True:
            passed = self._clock.monotonic() - started
            text = f"{title}: {self._detail}" if self._detail else title
            if self._is_terminal:
                mark = SPINNER[frame % len(SPINNER)]
                click.echo(f"{CLEAR_LINE}  {mark} {text} … {passed:.0f} s", nl=False)
                await asyncio.sleep(FRAME_SECONDS)
            else:
                click.echo(f"  … {text}, {passed:.0f} s so far")
                await asyncio.sleep(PLAIN_EVERY_SECONDS)
            frame += 1
