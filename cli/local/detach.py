"""`daybook up --detach` shows the same start, and then leaves it running without a terminal."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from pathlib import Path

import click

from cli.local import lock
from cli.local.board import read_board
from cli.local.environment import python
from cli.local.paths import PROJECT, Place
from cli.local.preflight import make_folders

LOOK_SECONDS = 0.1


async def up_detached(place: Place, *, with_demo: bool) -> None:
    """Start a supervisor of its own session and follow it until it is ready, or exit as it did."""
    make_folders(place)
    with lock.hold(place.lock):
        pass  # refuses in one sentence if Daybook runs already; the new supervisor takes it next
    log = place.logs / "daybook.log"
    options = ["--broker", place.broker, *([] if with_demo else ["--no-demo"])]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *python("cli", "up", *options),
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
            cwd=PROJECT,
            start_new_session=True,
        )
    await _follow(process, log, place)
    if process.returncode:
        sys.exit(process.returncode)
    click.echo(f"It goes on in the background: {place.command} status | logs | down")


async def _follow(process: Process, log: Path, place: Place) -> None:
    """Show what the supervisor says, until it is ready or has ended."""
    with log.open() as said:
        while process.returncode is None:
            click.echo(said.read(), nl=False)
            board = read_board(place.board)
            if board and board.supervisor == process.pid and board.phase == "ready":
                break
            await asyncio.sleep(LOOK_SECONDS)
        click.echo(said.read(), nl=False)
