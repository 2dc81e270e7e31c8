"""The only source of time, so that a test can turn the clock."""

import time
from datetime import UTC, datetime
from typing import Final, Protocol


class Clock(Protocol):
    """Tells the time of day (UTC) and a time that never runs backwards (seconds)."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; only differences mean anything."""
        ...


# Where there is one, a clock that goes on while the machine sleeps: what was known before is as old
# as it is, however little of that time anything ran.
_UNENDING: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        return datetime.fromtimestamp(time.time(), UTC)

    def monotonic(self) -> float:
        """Return seconds since some fixed moment, those that the machine slept as well."""
        return time.clock_gettime(_UNENDING)
