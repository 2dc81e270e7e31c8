"""Operators are told of overdue access reviews by numbers found out when they are asked."""

import asyncio

from services.permissions.application.deciding import Deciding
from services.permissions.domain.review.overdue import overdue_seconds
from shared.observability.metrics import Metrics


class ReviewNumbers:
    """What is told of reviews; from the log itself, so that it is true whoever works on them."""

    def __init__(self, its: Deciding, metrics: Metrics) -> None:
        self._its = its
        self._metrics = metrics

    async def set(self) -> None:
        """Set for how long reviews have been overdue; what cannot be found out is not told.

        Raises:
            UnavailableError: the store does not answer.
        """
        its = self._its
        try:
            await its.book.catch_up()
            found = await asyncio.to_thread(overdue_seconds, its.book.book.copy(), its.clock.now())
        except BaseException:
            # Not even one that is given up because it takes too long leaves an old number behind.
            self._metrics.clear("daybook_review_overdue_seconds")
            raise
        for lack, seconds in found.items():
            self._metrics.set("daybook_review_overdue_seconds", seconds, lack)
