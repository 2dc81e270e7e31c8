"""What repeats within a minute is counted, so that a flood of it cannot fill the store.

A count keeps the ids of what it was about, up to a bound for each and one for all together.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from shared.clock import Clock

Key = TypeVar("Key")

WINDOW_SECONDS: Final = 60.0
MOST_LISTED: Final = 10_000
"""So many ids are kept of one thing a minute."""
MOST_LISTED_OF_ALL: Final = 100_000
"""So many ids wait in one process, some 15 MB."""
LISTED_TOGETHER: Final = 500
"""So many ids fit into one record, however long an opaque id may be: 34 KB."""


@dataclass(slots=True)
class Counted:
    """How often something happened, beyond what was told of it one by one, and between when."""

    times: int
    first_at: datetime
    last_at: datetime
    listed: dict[str, int] = field(default_factory=dict)
    """The ids of what it was about → how many of `times` were about it."""
    unlisted: int = 0
    """How many of `times` were about something else."""

    def add(self, more: "Counted", room: int) -> int:
        """Take in what else was counted of the same; return how many more ids are listed now.

        There is room for so many; the others are only counted.
        """
        before = len(self.listed)
        most = min(before + room, MOST_LISTED)
        self.times += more.times
        self.first_at = min(self.first_at, more.first_at)
        self.last_at = max(self.last_at, more.last_at)
        self.unlisted += more.unlisted
        for one, times in more.listed.items():
            if one in self.listed or len(self.listed) < most:
                self.listed[one] = self.listed.get(one, 0) + times
            else:
                self.unlisted += times
        return len(self.listed) - before

    def parts(self) -> Iterator["Counted"]:
        """Return it in parts that fit into a record each; together they say what it says."""
        rest, ids = self.times, iter(self.listed.items())
        while len(listed := dict(islice(ids, LISTED_TOGETHER))) == LISTED_TOGETHER:
            times = sum(listed.values())
            rest -= times
            yield Counted(times, self.first_at, self.last_at, listed)
        if rest:
            yield Counted(rest, self.first_at, self.last_at, listed, self.unlisted)

    def told(self) -> dict[str, Any]:
        """Return it as members of a record: how often, and between when."""
        return {"times": self.times, "first_at": self.first_at, "last_at": self.last_at}


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
        self._listed = 0

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

    def count(self, key: Key, about: str | None = None, *, is_unlisted: bool = False) -> None:
        """Count one, also one that was to be told and could not be.

        Args:
            key: what repeats.
            about: the id to list; None: there is none.
            is_unlisted: whether it was about something that has no id to list.
        """
        now = self._clock.now()
        listed = {} if about is None else {about: 1}
        self.put_back(key, Counted(1, now, now, listed, int(is_unlisted)))

    def put_back(self, key: Key, counted: Counted) -> None:
        """Add what was counted and could not be told to what is counted now."""
        window = self._window(key)
        if window.counted is None:
            window.counted = Counted(0, counted.first_at, counted.last_at)
        self._listed += window.counted.add(counted, MOST_LISTED_OF_ALL - self._listed)

    def take(self, *, all_of_them: bool = False) -> list[tuple[Key, Counted]]:
        """Return what was counted in the minutes that are over, and forget these minutes."""
        now = self._clock.monotonic()
        over = [
            key
            for key, window in self._windows.items()
            if all_of_them or now - window.began >= WINDOW_SECONDS
        ]
        windows = [(key, self._windows.pop(key)) for key in over]
        taken = [(key, window.counted) for key, window in windows if window.counted is not None]
        self._listed -= sum(len(counted.listed) for _, counted in taken)
        return taken

    def _window(self, key: Key) -> _Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(self._clock.monotonic())
        return window
