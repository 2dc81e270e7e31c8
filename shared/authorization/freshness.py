"""How old what is known may be: as old as the last beat that the events read have caught up with.

Age = max(0, wall clock at receipt - T0) + time that passed since receipt, so that a clock that is
turned afterwards changes nothing. Nothing but such a beat makes it younger: not an event, not a
connection that stands.
"""

from datetime import datetime, timedelta
from math import ceil, inf
from typing import Final

from shared.authorization.reading import moment
from shared.clock import Clock
from shared.messaging.heartbeats import BEAT_SECONDS, Beat

MOST_AHEAD: Final = timedelta(seconds=BEAT_SECONDS)
"""A beat from further in the future is a clock's fault and proves nothing."""
MOST_WAITING: Final = 1_000
_MICROSECONDS: Final = 1_000_000


class Freshness:
    """The age of one replica."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._true_at = -inf
        # Beats that the events read have not caught up with: what was reached, and when it was so.
        self._waiting: list[tuple[int, float]] = []
        # What the relay's clock certainly showed when the monotonic one showed nothing.
        self._began: int | None = None
        self.clock_faults = 0
        """How many beats came from the future."""

    @property
    def age(self) -> float:
        """How many seconds ago what is known was certainly all there was; at first, infinity."""
        return self._clock.monotonic() - self._true_at

    @property
    def now(self) -> int:
        """What grants begin and end by: the wall clock, in microseconds since 1970.

        It is never behind the beats that came, so that a wall clock that is turned back revives
        nothing that has ended.
        """
        now = moment(self._clock.now())
        if self._began is None:
            return now
        return max(now, self._began + int(self._clock.monotonic() * _MICROSECONDS))

    @property
    def as_of(self) -> datetime | None:
        """The wall clock's time at which it was, to be kept with a copy; None at first."""
        return None if self._true_at == -inf else self._clock.now() - timedelta(seconds=self.age)

    def heard(self, beat: Beat, reached: int) -> None:
        """Take a beat that came now, when events up to `reached` are known."""
        late = self._clock.now() - beat.at
        if late < -MOST_AHEAD:
            self.clock_faults += 1
            return
        began = moment(beat.at) - ceil(self._clock.monotonic() * _MICROSECONDS)
        self._began = began if self._began is None else max(self._began, began)
        true_at = self._clock.monotonic() - max(0.0, late.total_seconds())
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((beat.reached, true_at))
        self.caught_up(reached)

    def caught_up(self, reached: int) -> None:
        """Let beats count that events up to `reached` have caught up with."""
        if not self._waiting:
            return
        counting = [true_at for number, true_at in self._waiting if number <= reached]
        self._waiting = [one for one in self._waiting if one[0] > reached]
        self._true_at = max([self._true_at, *counting])

    def begin(self, as_of: datetime | None) -> None:
        """Begin anew from a copy that was all there was at `as_of`, or at no known time."""
        self._waiting = []
        self._true_at = -inf
        if as_of is None:
            return
        late = self._clock.now() - as_of
        if late < -MOST_AHEAD:  # kept while a clock was wrong, or read while one is
            self.clock_faults += 1
            return
        self._true_at = self._clock.monotonic() - max(0.0, late.total_seconds())
