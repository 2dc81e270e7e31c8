"""What the daily figures answer: how many events of each type, day by day."""

from dataclasses import dataclass
from datetime import date

from shared.postgres.lanes import Lanes

READ = """select day, event_type, count from activity_daily
    where day between $1 and $2 order by day, event_type"""


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many events of one type were recorded on one day (UTC)."""

    day: date
    event_type: str
    count: int


class DailyActivity:
    """Reads the daily figures."""

    def __init__(self, lanes: Lanes) -> None:
        """Read as the api does."""
        self._lanes = lanes

    async def read(self, first: date, last: date) -> list[DayCount]:
        """Return the figures of some days, both ends included.

        Raises:
            UnavailableError: the views server does not answer.
        """
        return [DayCount(*row) for row in await self._lanes.fetch(READ, first, last)]
