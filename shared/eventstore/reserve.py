"""Writing stops while there is still room: a server whose WAL volume is full stays down.

PostgreSQL cannot be asked how much room its volume has without rights that no service should have,
so the volume is looked at where it is on this machine. Elsewhere nothing is known, and said so.
"""

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Final, Literal, Protocol

from shared.errors import DiskNearlyFullError
from shared.observability.alarms import Alarm
from shared.observability.metrics import Metrics

LOOK_EVERY_SECONDS = 1.0
RETRY_AFTER_SECONDS = 60
ENOUGH_AGAIN: Final = 1.25
"""Writing begins again at this many times the reserve, so that it does not flap."""

DiskState = Literal["ok", "nearly full", "unknown"]

log = logging.getLogger(__name__)


class FreeSpace(Protocol):
    """Knows how much room a server has."""

    async def free_bytes(self) -> int | None:
        """Return the bytes that can still be written, or None if nobody here can know."""
        ...


class UnknownSpace:
    """The room of a server on another machine."""

    async def free_bytes(self) -> int | None:
        """Return None."""
        return None


class LocalSpace:
    """The room of a server on this machine: its data's volume, or its WAL's if that has less."""

    def __init__(self, data_dir: Path) -> None:
        self._folders = (data_dir, data_dir / "pg_wal")

    async def free_bytes(self) -> int | None:
        """Return the bytes left to everybody; looks in a thread, for a sick disk may hang."""
        known = [free for free in await asyncio.to_thread(self._look) if free is not None]
        return min(known, default=None)

    def _look(self) -> list[int | None]:
        return [_free(folder) for folder in self._folders]


class DiskReserve:
    """Says whether anything may be written; `run` keeps looking."""

    def __init__(self, space: FreeSpace, reserve_bytes: int, metrics: Metrics) -> None:
        self._space = space
        self._metrics = metrics
        self._alarm = Alarm("disk-nearly-full", metrics)
        self.reserve_bytes = reserve_bytes
        self.free_bytes: int | None = None

    @property
    def state(self) -> DiskState:
        """How the disk is, in a word or two."""
        if self._alarm.is_raised:
            return "nearly full"
        return "unknown" if self.free_bytes is None else "ok"

    async def run(self, stop: asyncio.Event) -> None:
        """Look once a second until `stop` is set."""
        while not stop.is_set():
            await self.look()
            try:
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Look now; what is not known stops nobody, for then PostgreSQL itself decides."""
        free = self.free_bytes = await self._space.free_bytes()
        if free is None:
            self._metrics.clear("daybook_disk_free_bytes")
            self._alarm.heal("how much room the event store has is not known any more")
            return
        self._metrics.set("daybook_disk_free_bytes", free, "truth")
        if free < self.reserve_bytes:
            self._alarm.sound(
                "the event store's disk is nearly full: writing stops, reading goes on",
                free_bytes=free,
                reserve_bytes=self.reserve_bytes,
            )
        elif free >= self.reserve_bytes * ENOUGH_AGAIN:
            self._alarm.heal("the event store has room again: writing goes on", free_bytes=free)

    def refuse_if_short(self) -> None:
        """Raise DiskNearlyFullError while writing is stopped."""
        if not self._alarm.is_raised:
            return
        raise DiskNearlyFullError(
            "the event store's disk is nearly full, so nothing is written; reading goes on",
            fix="free or add disk space for the truth server's data and WAL; writing then begins"
            " again by itself. Repeat the request with the same Idempotency-Key",
            who_can_help="an operator (`daybook status`; /readyz tells how much is free)",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        )


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        log.debug("a volume could not be looked at", extra={"error": type(error).__name__})
        return None
