"""A part of a process shows that it works by what it did last, and how long ago that was."""

from dataclasses import dataclass
from typing import Final

FINE: Final = "ok"
STANDS_STILL_AFTER_SECONDS: Final = 15.0
"""Longer than the slowest thing that every part does again and again, a look at Kafka's log."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one part of a process did last; `state` is "ok", or what is wrong."""

    part: str
    did: str | None
    age_seconds: float | None
    state: str


class Deeds:
    """Remembers the last deed and the last failure of one part, by a monotonic clock."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._did: str | None = None
        self._at = 0.0
        self._failure: str | None = None
        self._failed_at = 0.0

    def did(self, what: str, at: float) -> None:
        """Note a deed that proves work."""
        self._did, self._at = what, at

    def succeeded(self, what: str, at: float) -> None:
        """Note a deed that also ends whatever failed before."""
        self._failure = None
        self.did(what, at)

    def failed(self, why: str, at: float) -> None:
        """Note a failure; it counts until a success, or until it is long ago."""
        self._failure, self._failed_at = why, at

    def seen(self, now: float) -> Work:
        """Return what is to be told at this moment."""
        if self._did is None:
            return Work(self._part, None, None, self._failed(now) or "has done nothing yet")
        age = round(max(now - self._at, 0.0), 1)
        state = self._failed(now) or FINE
        if state == FINE and age > STANDS_STILL_AFTER_SECONDS:
            state = f"has done nothing for {age:.0f} s"
        return Work(self._part, self._did, age, state)

    def _failed(self, now: float) -> str | None:
        if self._failure is None or now - self._failed_at > STANDS_STILL_AFTER_SECONDS:
            return None
        return f"failed {now - self._failed_at:.0f} s ago ({self._failure})"
