"""Nobody's requests, by mistake or on purpose, take a process away from everybody else.

Each caller has a bucket of requests in each process, which refills steadily: a burst is served,
what goes on too fast is told when to come back. Who is not signed in has none: signing in fails
before, and an ingress limits addresses.
"""

import math
from typing import Final

from shared.clock import Clock
from shared.errors import TooManyRequestsError

BURST_SECONDS: Final = 2.0
MOST_BUCKETS: Final = 10_000


class RequestLimits:
    """The buckets of one process, by caller."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        """Serve each caller so many requests a second, those of two at once; 0: any number."""
        self._clock = clock
        self._per_second = per_second
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, subject: str) -> None:
        """Count one request of this caller.

        Raises:
            TooManyRequestsError: the bucket is empty; it says when there is one more again.
        """
        if not self._per_second:
            return
        now, full = self._clock.monotonic(), max(1.0, self._per_second * BURST_SECONDS)
        left, at = self._buckets.get(subject, (full, now))
        left = min(full, left + (now - at) * self._per_second)
        if left < 1:
            raise _too_many(self._per_second, (1 - left) / self._per_second)
        if subject not in self._buckets and len(self._buckets) >= MOST_BUCKETS:
            self._forget_full_ones(now, full)
        self._buckets[subject] = (left - 1, now)

    def _forget_full_ones(self, now: float, full: float) -> None:
        """Forget who could start anew with the same right; in a flood everybody starts anew."""
        self._buckets = {
            subject: (left, at)
            for subject, (left, at) in self._buckets.items()
            if left + (now - at) * self._per_second < full
        }
        if len(self._buckets) >= MOST_BUCKETS:
            self._buckets.clear()


def _too_many(per_second: float, seconds: float) -> TooManyRequestsError:
    return TooManyRequestsError(
        f"This account asks more than {per_second:g} times a second.",
        fix="Wait as long as Retry-After says; ask for pages, imports and exports, not one by one.",
        who_can_help="An operator, who can set DAYBOOK_SERVICE_REQUESTS_PER_SECOND.",
        retry_after_seconds=math.ceil(seconds),
    )
