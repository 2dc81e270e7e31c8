"""`daybook status` says running of what was seen to run, and well only after a fresh canary."""

from datetime import datetime

import click

from cli.local import lock
from cli.local.board import Board, ProcessLine, is_alive, is_held, read_board
from cli.local.paths import Place
from cli.local.ports import Ports
from cli.local.readiness import Behind, Canary, Disk, ask_readiness
from cli.local.summary import canary_line
from shared.clock import Clock

GREEN, RED, YELLOW = "green", "red", "yellow"


async def status(place: Place, clock: Clock) -> bool:
    """Print how everything is; return whether all of it is well."""
    pid = lock.holder(place.lock)
    board = read_board(place.board)
    if pid is None or board is None:
        click.echo(f"Daybook does not run in {place.shown}.\nFix: {place.command} up --detach")
        return False
    readiness = await ask_readiness(Ports(place.port_base).customers_url)
    canary = readiness.canary if readiness else None
    now = clock.now()
    disk = disk_line(readiness.disk if readiness else None)
    behind = readiness.behind if readiness else []
    lines = status_lines(board, canary, pid, now, place.shown)
    for line in [*lines, *disk, *behind_lines(behind, place.command)]:
        click.echo(line)
    return is_well(board, canary, now) and not disk and not any(one.is_late for one in behind)


def disk_line(disk: Disk | None) -> list[str]:
    """Say that the event store's disk is nearly full; nothing as long as it is not."""
    if disk is None or disk.state != "nearly full":
        return []
    free = (disk.free_bytes or 0) // 1_000_000
    text = f"  the event store's disk is nearly full ({free} MB free): nothing is written (507)"
    return [click.style(f"{text}, reading goes on", fg=RED)]


def behind_lines(behind: list[Behind], command: str) -> list[str]:
    """Say what is visible late, and since when; nothing as long as all arrives in time."""
    lines = [
        click.style(
            f"  {one.way} is {duration(one.seconds)} behind: data as of"
            f" {one.since:%Y-%m-%d %H:%M:%S} UTC; writes go on and are visible late",
            fg=RED if one.is_late else YELLOW,
        )
        for one in behind
    ]
    if lines:
        lines.append(f"  Fix: `{command} lag` shows who is behind, `{command} logs customers` why")
    return lines


def is_well(board: Board, canary: Canary | None, now: datetime) -> bool:
    """Whether everything runs and a canary made the trip in the last three minutes."""
    runs = all(one.state == "running" and is_alive(one) for one in board.processes)
    return board.phase == "ready" and runs and doubt(board, canary, now) is None


def doubt(board: Board, canary: Canary | None, now: datetime) -> str | None:
    """Say why the last canary proves nothing about this moment, or None: it does."""
    if canary is None:
        return "the customers service does not say how the canary is"
    stands = f": one stands at {canary.stands_at}" if canary.stands_at else ""
    if canary.trip_ms is None:
        return f"no canary event has made the trip since the service started{stands}"
    if canary.is_old:
        return f"that is too long ago{stands or ': something on the way stands still'}"
    for one in board.processes:
        if canary.age_seconds > (now - one.since).total_seconds():
            return f"that was before {one.name} was started again; the next is due within a minute"
    return None


def status_lines(
    board: Board, canary: Canary | None, pid: int, now: datetime, shown: str
) -> list[str]:
    """Return what `daybook status` prints."""
    since = duration((now - board.since).total_seconds())
    lines = [f"Daybook in {shown}: {board.phase}, supervisor {pid}, for {since}", ""]
    lines.append(click.style(_columns("process", "state", "pid", "for", "restarts"), bold=True))
    lines += [_process_line(one, now) for one in board.processes]
    held = [_held_text(one) for one in board.processes if is_held(one)]
    return [*lines, "", *held, _canary_text(board, canary, now)]


def duration(seconds: float) -> str:
    """Say a duration in its two largest units."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _process_line(one: ProcessLine, now: datetime) -> str:
    state: str = one.state
    if not is_alive(one) and one.state != "restarting":
        state = "no answer" if is_held(one) else "gone"
    colour = {"running": GREEN, "starting": YELLOW}.get(state, RED)
    lasted = duration((now - one.since).total_seconds())
    text = _columns(one.name, state, str(one.pid or "-"), lasted, str(one.restarts))
    return click.style(text, fg=colour)


def _held_text(one: ProcessLine) -> str:
    text = f"  {one.name} does not answer (stopped): a signal holds process {one.pid}"
    return click.style(text, fg=RED) + f"\n  Fix: kill -CONT {one.pid}"


def _columns(name: str, state: str, pid: str, lasted: str, restarts: str) -> str:
    return f"  {name:<17} {state:<11} {pid:>7}   {lasted:<14} {restarts}".rstrip()


def _canary_text(board: Board, canary: Canary | None, now: datetime) -> str:
    why = doubt(board, canary, now)
    if canary is None or canary.trip_ms is None:
        return click.style(f"  {why}", fg=RED)
    text = f"  {canary_line(canary)}, {duration(canary.age_seconds)} ago"
    return click.style(f"{text}; {why}" if why else text, fg=RED if why else GREEN)
