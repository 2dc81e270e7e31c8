"""The service's answers about how much is happening, as far as our commands read them."""

from datetime import datetime

from cli.answers import Answer, Dated


class TypeCount(Answer):
    """How many events of one type."""

    event_type: str
    stage: str | None = None
    count: int


class ActivityWindow(Answer):
    """How much happened in the last so many seconds."""

    seconds: int
    total: int
    counts: list[TypeCount]


class LiveActivity(Answer):
    """How much is happening now, approximately; `as_of` is null if nothing was told for an hour."""

    as_of: datetime | None = None
    windows: list[ActivityWindow]


class DayCount(TypeCount):
    """How many events of one type on one day."""

    day: str


class DailyActivity(Dated):
    """How much happened day by day, each event counted once."""

    items: list[DayCount]
