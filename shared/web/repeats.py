"""What repeats within a minute is counted, so that a flood of it cannot fill the store."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Generic, TypeVar

from shared.clock import Clock

Key = TypeVar("Key")

WINDOW_SECONDS: Final = 60.0


@dataclass(slots=True)
class Counted:
    """How often something happened, beyond what was told of it one by one, and between when."""

    times: int
    first_at: datetime
    last_at: datetime

    def add(self, more: "Counted") -> None:
        """Take in what else was counted of the same."""
        self.times += more.times
        self.first_at = min(self.first_at, more.first_at)
        self.last_at = max(self.last_at, more.last_at)


@dataclass(slots=True)
class _Window:
    """One minute of one thing; it begins when the thing happens."""

    began: float
    told: int = 0
    counted: Counted | None = None


class Repeats(Generic[Key]):
    """Lets `at_most` of one thing a minute be told one by one and counts the others."""

    def __init__(self, clock: Clock, at_most: int) -> None:
        self._clock = clock
        self._at_most = at_most
        self._windows: dict[Key, _Window] = {}

    def is_to_be_told(self, key: Key) -> bool:
        """Say whether this one is to be told by itself; if not, it is counted."""
        if self.has_room(key):
            return True
        self.count(key)
        return False

    def has_room(self, key: Key) -> bool:
        """Do what `is_to_be_told` does, for whoever counts the others elsewhere."""
        window = self._window(key)
        if window.told < self._at_most:
            window.told += 1
            return True
        return False

    def count(self, key: Key) -> None:
        """Count one, also one that was to be told and could not be."""
        now = self._clock.now()
        self.put_back(key, Counted(1, now, now))

    def put_back(self, key: Key, counted: Counted) -> None:
        """Add what was counted and could not be told to what is counted now."""
        window = self._window(key)
        if window.counted is None:
            window.counted = replace(counted)
        else:
            window.counted.add(counted)

    def take(self, *, all_of_them: bool = False) -> list[tuple[Key, Counted]]:
        """Return what was counted in the minutes that are over, and forget these minutes."""
        now = self._clock.monotonic()
        over = [
            key
            for key, window in self._windows.items()
            if all_of_them or now - window.began >= WINDOW_SECONDS
        ]
        windows = [(key, self._windows.pop(key)) for key in over]
        return [(key, window.counted) for key, window in windows if window.counted is not None]

    def _window(self, key: Key) -> _Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(self._clock.monotonic())
        return window
