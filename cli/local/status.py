"""`daybook status` says running of what was seen to run, and well only after a fresh canary."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import click

from cli.local import lock
from cli.local.board import Board, ProcessLine, is_alive, is_held, read_board
from cli.local.paths import Place
from cli.local.ports import Ports
from cli.local.readiness import Behind, Canary, Disk, KnownPermissions, ask_readiness
from cli.local.services import SERVICES
from cli.local.summary import canary_line
from shared.clock import Clock

Canaries = Mapping[str, Canary | None]

GREEN, RED, YELLOW = "green", "red", "yellow"


async def status(place: Place, clock: Clock) -> bool:
    """Print how everything is; return whether all of it is well."""
    pid = lock.holder(place.lock)
    board = read_board(place.board)
    if pid is None or board is None:
        click.echo(f"Daybook does not run in {place.shown}.\nFix: {place.command} up --detach")
        return False
    names, ports = [service.name for service in SERVICES], Ports(place.port_base)
    asked = await asyncio.gather(*(ask_readiness(ports.url(name)) for name in names))
    told = dict(zip(names, asked, strict=True))
    canaries = {name: its.canary if its else None for name, its in told.items()}
    now = clock.now()
    # One disk holds the event stores of all of them.
    full = [its.disk for its in told.values() if its and disk_line(its.disk)]
    disk = disk_line(full[0]) if full else []
    behind = {name: its.behind for name, its in told.items() if its}
    for line in [*status_lines(board, canaries, pid, now, place.shown), *disk]:
        click.echo(line)
    for name, its_behind in behind.items():
        for line in behind_lines(its_behind, place.command, name):
            click.echo(line)
    known = {name: its.permissions for name, its in told.items() if its}
    for name, its_known in known.items():
        for line in permission_lines(its_known, place.command, name):
            click.echo(line)
    is_late = any(one.is_late for each in behind.values() for one in each)
    refuses = any(is_refusing(its) for its in known.values())
    return is_well(board, canaries, now) and not disk and not is_late and not refuses


def disk_line(disk: Disk | None) -> list[str]:
    """Say that the event store's disk is nearly full; nothing as long as it is not."""
    if disk is None or disk.state != "nearly full":
        return []
    free = (disk.free_bytes or 0) // 1_000_000
    text = f"  the event store's disk is nearly full ({free} MB free): nothing is written (507)"
    return [click.style(f"{text}, reading goes on", fg=RED)]


def behind_lines(behind: list[Behind], command: str, service: str = "customers") -> list[str]:
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
        lines.append(f"  Fix: `{command} lag` shows who is behind, `{command} logs {service}` why")
    return lines


def permission_lines(known: KnownPermissions | None, command: str, service: str) -> list[str]:
    """Say what is refused because permissions are old; nothing as long as nothing is."""
    if known is None or not known.refused:
        return []
    old = "not known" if known.age_seconds is None else f"{duration(known.age_seconds)} old"
    text = (
        f"  permissions at {service} are {old}: what is {', '.join(known.refused)} is refused (503)"
    )
    colour = RED if is_refusing(known) else YELLOW
    return [click.style(text, fg=colour), f"  Fix: `{command} logs permissions` shows why"]


def is_refusing(known: KnownPermissions | None) -> bool:
    """Say whether everyday work is refused; for what is riskier a busy moment is enough."""
    return known is not None and "normal" in known.refused


def is_well(board: Board, canaries: Canaries, now: datetime) -> bool:
    """Whether everything runs and a canary of each service made the trip lately."""
    runs = all(one.state == "running" and is_alive(one) for one in board.processes)
    doubts = [doubt(board, name, canary, now) for name, canary in canaries.items()]
    return board.phase == "ready" and runs and not any(doubts)


def doubt(board: Board, name: str, canary: Canary | None, now: datetime) -> str | None:
    """Say why the last canary proves nothing about this moment, or None: it does."""
    if canary is None:
        return f"the {name} service does not say how its canary is"
    stands = f": one stands at {canary.stands_at}" if canary.stands_at else ""
    if canary.trip_ms is None:
        return f"no canary event has made the trip since {name} started{stands}"
    if canary.is_old:
        return f"that is too long ago{stands or ': something on the way stands still'}"
    others = {each.name for each in SERVICES} - {name}
    for one in board.processes:
        if (
            one.name.partition("-")[0] not in others
            and canary.age_seconds > (now - one.since).total_seconds()
        ):
            return f"that was before {one.name} was started again; the next is due within a minute"
    return None


def status_lines(
    board: Board, canaries: Canaries, pid: int, now: datetime, shown: str
) -> list[str]:
    """Return what `daybook status` prints."""
    since = duration((now - board.since).total_seconds())
    lines = [f"Daybook in {shown}: {board.phase}, supervisor {pid}, for {since}", ""]
    lines.append(click.style(_columns("process", "state", "pid", "for", "restarts"), bold=True))
    lines += [_process_line(one, now) for one in board.processes]
    held = [_held_text(one) for one in board.processes if is_held(one)]
    texts = [_canary_text(board, name, canary, now) for name, canary in canaries.items()]
    return [*lines, "", *held, *texts]


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


def _canary_text(board: Board, name: str, canary: Canary | None, now: datetime) -> str:
    why = doubt(board, name, canary, now)
    if canary is None or canary.trip_ms is None:
        return click.style(f"  {why}", fg=RED)
    text = f"  {canary_line(name, canary)}, {duration(canary.age_seconds)} ago"
    return click.style(f"{text}; {why}" if why else text, fg=RED if why else GREEN)
