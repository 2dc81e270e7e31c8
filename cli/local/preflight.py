"""Nothing is started unless all of it can be: each obstacle is one sentence with one fix."""

import asyncio
import pwd
import shutil
import subprocess
from pathlib import Path

from cli.local.board import is_alive, read_board
from cli.local.broker import refuse_unknown_broker
from cli.local.kafka import refuse_missing_kafka
from cli.local.paths import Place
from cli.local.ports import Ports, refuse_taken_ports
from cli.local.postgres import AS_SERVER_USER, PRIVATE, binaries
from cli.local.waiting import until
from shared.errors import UnavailableError

# Half again what the event store keeps in reserve: with less, nothing could be written.
NEEDED_BYTES = 1_500_000_000
LEFTOVER_SECONDS = 5.0


def make_folders(place: Place) -> None:
    """Make the private folder that everything lies in; refuse one that is somebody else's."""
    try:
        place.var.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        owner = place.var.stat().st_uid
        if owner == place.uid:
            place.var.chmod(PRIVATE)
            for folder in (place.logs, place.run, place.secrets, place.ledger):
                folder.mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"{place.var} cannot be used by the user {_name(place.uid)}: {error.strerror}.",
            fix="keep the data in a folder of yours: DAYBOOK_VAR=~/daybook make up",
        ) from error
    if owner != place.uid:
        raise UnavailableError(
            f"{place.var} belongs to the user {_name(owner)}, and this is {_name(place.uid)};"
            " running it as both would lock one of you out.",
            fix=f"run it as {_name(owner)}, or keep other data: DAYBOOK_VAR=~/daybook make up",
        )


async def refuse_obstacles(place: Place) -> None:
    """Raise UnavailableError for the first thing that stands in the way of a start."""
    await outwait_leftovers(place.board)
    if place.broker == "embedded":
        refuse_unknown_broker()
    else:
        refuse_missing_kafka()
    refuse_taken_ports(Ports(place.port_base))
    refuse_full_disk(place.var)
    if place.uid == 0:
        refuse_helpless_root()


async def outwait_leftovers(board: Path) -> None:
    """Let the children of a supervisor that was killed a moment ago finish dying."""
    left = read_board(board)
    if left is None:
        return

    async def all_ended() -> bool:
        return not any(map(is_alive, left.processes))

    try:
        async with asyncio.timeout(LEFTOVER_SECONDS):
            await until(all_ended)
    except TimeoutError:
        for alive in filter(is_alive, left.processes):
            raise UnavailableError(
                f"{alive.name} (pid {alive.pid}) is left from the last run and does not end.",
                fix=f"kill -9 {alive.pid} && make up",
            ) from None


def refuse_full_disk(var: Path, needed_bytes: int = NEEDED_BYTES) -> None:
    """Raise UnavailableError when the disk below the data is nearly full."""
    free = shutil.disk_usage(var).free
    if free < needed_bytes:
        raise UnavailableError(
            f"Only {free // 1_000_000} MB are free where {var} lies;"
            f" Daybook starts with {needed_bytes // 1_000_000} MB or more.",
            fix="free some space, or keep the data elsewhere: DAYBOOK_VAR=/other/disk make up",
        )


def refuse_helpless_root(prefix: tuple[str, ...] = AS_SERVER_USER) -> None:
    """Raise UnavailableError when root here may not run PostgreSQL under another user."""
    version = str(binaries() / "postgres"), "--version"
    try:
        subprocess.run([*prefix, *version], check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise UnavailableError(
            "PostgreSQL refuses to run as root, and this container does not let root run it as"
            " another user (setpriv with CAP_DAC_READ_SEARCH).",
            fix="run Daybook as an ordinary user, for example: su -s /bin/bash USER -c 'make up'",
        ) from error


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
