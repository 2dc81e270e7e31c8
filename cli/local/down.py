"""`daybook down` returns when nothing of Daybook runs any more."""

import os
import signal
import time

import click

from cli.local import lock
from cli.local.paths import Place
from shared.clock import Clock
from shared.errors import UnavailableError

PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.05


def down(place: Place, clock: Clock) -> None:
    """Ask the supervisor to stop and wait until it has.

    Raises:
        UnavailableError: it may not be asked, or does not stop.
    """
    pid = lock.holder(place.lock)
    if pid is None:
        click.echo(f"Nothing of Daybook runs in {place.shown}.")
        return
    began = clock.monotonic()
    _ask_to_stop(pid)
    while lock.holder(place.lock) == pid:
        if clock.monotonic() - began > PATIENCE_SECONDS:
            raise UnavailableError(
                f"The supervisor (pid {pid}) did not stop within {PATIENCE_SECONDS:.0f} s.",
                fix=f"kill -9 {pid}   (its processes end with it; PostgreSQL recovers by itself)",
            )
        time.sleep(LOOK_SECONDS)
    took = clock.monotonic() - began
    click.echo(f"Stopped in {took:.1f} s; the data is kept in {place.shown}.")


def _ask_to_stop(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError as error:
        raise UnavailableError(
            f"The supervisor (pid {pid}) belongs to another user.", fix=f"sudo kill {pid}"
        ) from error
