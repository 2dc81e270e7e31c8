"""Time is what a test says it is."""

import time
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class TurnableClock:
    """A clock that stands still until a test turns it, or (`runs`) goes on by itself as well.

    What renews leases or times pauses needs a clock that runs.
    """

    def __init__(self, moment: datetime = NOON, *, runs: bool = False) -> None:
        self._moment = moment
        self._turned = 0.0
        self._stepped = 0.0
        self._runs_since = time.monotonic() if runs else None

    def turn(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._turned += seconds

    def step(self, seconds: float) -> None:
        """Set the time of day on or back, while no time passes."""
        self._stepped += seconds

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        return self._moment + timedelta(seconds=self.monotonic() + self._stepped)

    def monotonic(self) -> float:
        """Return the seconds that have passed since the clock was made."""
        if self._runs_since is None:
            return self._turned
        return self._turned + time.monotonic() - self._runs_since
