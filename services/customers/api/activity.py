"""Routes about how much is happening: live and approximate, and day by day and exact."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.lateness import DATED, data_as_of
from services.customers.api.reads import token_of
from services.customers.projections.activity_queries import DailyActivity
from services.customers.streams.activity import WINDOW, Latest, start_of
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import InvalidInputError
from shared.projecting.backlog import BacklogWatch
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import DAYBOOK_TOKEN, PREFER, Parameter
from shared.web.headers import waiting_seconds
from shared.web.queries import day
from shared.web.routes import Routes

LENGTHS = (timedelta(minutes=1), timedelta(hours=1))
MOST_DAYS = 366
FROM = Parameter("from", "query", "The first day (UTC); by default six days before `to`.")
TO = Parameter("to", "query", "The last day (UTC); by default today.")
WEEK = timedelta(days=6)


class LiveActivity(BaseModel):
    """What is happening now, in moving windows: approximate, and some of it may count twice.

    `as_of`: when the newest figure was published; null if none was in the last hour.
    """

    live: Literal[True]
    approximate: Literal[True]
    as_of: str | None
    windows: list[dict[str, Any]]


class DailyFigures(BaseModel):
    """How many events of each type were recorded on each day (UTC), each counted once."""

    exact: Literal[True]
    items: list[dict[str, Any]]


class ActivityRoutes:
    """The handlers of the activity routes."""

    def __init__(
        self,
        live: Latest,
        daily: DailyActivity,
        watcher: MarkWatcher,
        backlog: BacklogWatch,
        clock: Clock,
    ) -> None:
        self._live = live
        self._daily = daily
        self._watcher = watcher
        self._backlog = backlog
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        may = Permission.ACTIVITY_READ
        routes.add(
            "GET", "/v1/activity", "get_live_activity", may, self.live,
            answers={200: Answer("Live and approximate.", LiveActivity)},
            everywhere=True,
        )  # fmt: skip
        routes.add(
            "GET", "/v1/activity/daily", "get_daily_activity", may, self.days,
            parameters=[FROM, TO, DAYBOOK_TOKEN, PREFER],
            answers={200: Answer("Day by day, exact.", DailyFigures, DATED)},
            everywhere=True,
        )  # fmt: skip

    async def live(self, _request: Request, _caller: Caller) -> Response:
        """Say how much is happening now: events of the last minute and hour, by type."""
        now = self._clock.now()
        told = self._live.told_at
        return JsonAnswer(
            {
                "live": True,
                "approximate": True,
                "as_of": None if told is None else told.isoformat(),
                "windows": [self._window(now, length) for length in LENGTHS],
            }
        )

    async def days(self, request: Request, _caller: Caller) -> Response:
        """Say how many events of each type were recorded on each day: the figures to lean on."""
        await self._watcher.wait_for(token_of(request), waiting_seconds(request))
        last = day(request, "to") or self._clock.now().date()
        first = day(request, "from") or last - WEEK
        if not 0 <= (last - first).days < MOST_DAYS:
            raise InvalidInputError(
                f"From {first} to {last} is not one day to {MOST_DAYS} days.",
                field="from",
                fix="Send `from` not after `to`, and ask for a year at a time.",
            )
        items = [
            {"day": found.day.isoformat(), "event_type": found.event_type, "count": found.count}
            for found in await self._daily.read(first, last)
        ]
        as_of = data_as_of(self._watcher, self._backlog)
        return JsonAnswer({"exact": True, "items": items}, 200, as_of)

    def _window(self, now: datetime, length: timedelta) -> dict[str, Any]:
        """Add up the windows of the last minute or hour; the newest of them is not full yet."""
        first = start_of(now) + WINDOW - length
        counts: Counter[tuple[str, str | None]] = Counter()
        for window, count in self._live.values.items():
            if window.start >= first:
                counts[window.event_type, window.stage] += count
        return {
            "seconds": int(length.total_seconds()),
            "from": first.isoformat(),
            "total": counts.total(),
            "counts": [
                {"event_type": event_type, "stage": stage, "count": count}
                for (event_type, stage), count in sorted(counts.items(), key=str)
            ],
        }
