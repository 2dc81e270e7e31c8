"""Which access is unusual is a rule about the last minute of one subject: no store, no clock."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.permissions.streams.events import Pattern, UnusualAccessSeen

WINDOW: Final = timedelta(minutes=1)
QUIET: Final = timedelta(minutes=10)
"""So long the same is not told again of the same subject."""
MOST_OPERATIONS: Final = 5


class UnusualSettings(BaseSettings):
    """What counts as unusual access."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_UNUSUAL_", frozen=True)

    reads_a_minute: int = Field(
        1_000,
        ge=1,
        description="Records shown to one person within a minute, from which on it is told.",
    )
    refusals_a_minute: int = Field(
        30, ge=1, description="Refusals of one subject within a minute, from which on it is told."
    )
    day_begins: int = Field(6, ge=0, le=23, description="The hour at which working hours begin.")
    day_ends: int = Field(21, ge=1, le=24, description="The hour at which working hours end.")
    time_zone: str = Field("UTC", description="Where these hours are, for example Europe/Zurich.")


class Seen(NamedTuple):
    """What one record says of one subject, as far as it matters here."""

    subject: str
    at: datetime
    operation: str
    reads: int = 0
    refusals: int = 0
    is_restricted: bool = False
    is_person: bool = False


@dataclass(slots=True)
class _Minute:
    """What happened of one pattern in the window, by second, and when it was told last."""

    by_second: dict[datetime, int] = field(default_factory=dict)
    operations: Counter[str] = field(default_factory=Counter)
    told_at: datetime | None = None

    def add(self, at: datetime, count: int, operation: str) -> int:
        """Count it and return how many there are in the window that ends now."""
        second = at.replace(microsecond=0)
        is_first = second not in self.by_second
        self.by_second[second] = self.by_second.get(second, 0) + count
        newest = max(self.by_second)
        self.by_second = {
            one: number for one, number in self.by_second.items() if one > newest - WINDOW
        }
        if is_first and len(self.by_second) == 1:
            self.operations.clear()
        self.operations[operation] += count
        return sum(self.by_second.values())

    def is_over(self, now: datetime) -> bool:
        """Say whether neither the window nor the quiet after it lasts."""
        lasts = max(self.by_second, default=now - WINDOW) > now - WINDOW
        return not lasts and (self.told_at is None or self.told_at <= now - QUIET)


class Habits:
    """Everybody's last minute."""

    def __init__(self, settings: UnusualSettings) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._minutes: dict[tuple[Pattern, str], _Minute] = {}

    def __len__(self) -> int:
        return len(self._minutes)

    def see(self, seen: Seen) -> Iterator[UnusualAccessSeen]:
        """Take what happened; yield what is unusual from now on."""
        its = self._settings
        if seen.reads and seen.is_person:
            yield from self._counted("mass_reads", seen, seen.reads, its.reads_a_minute)
        if seen.refusals:
            yield from self._counted("refusals", seen, seen.refusals, its.refusals_a_minute)
        if seen.is_restricted and seen.is_person and self._is_odd(seen.at):
            yield from self._counted("restricted_at_odd_hours", seen, 1, 1)

    def forget_what_is_over(self, now: datetime) -> None:
        """Drop whoever did nothing lately."""
        self._minutes = {
            key: minute for key, minute in self._minutes.items() if not minute.is_over(now)
        }

    def forget(self) -> None:
        """Begin anew."""
        self._minutes.clear()

    def _counted(
        self, pattern: Pattern, seen: Seen, count: int, threshold: int
    ) -> Iterator[UnusualAccessSeen]:
        minute = self._minutes.setdefault((pattern, seen.subject), _Minute())
        total = minute.add(seen.at, count, seen.operation)
        is_told = minute.told_at is not None and seen.at < minute.told_at + QUIET
        if total < threshold or is_told:
            return
        minute.told_at = seen.at
        often = [name for name, _ in minute.operations.most_common(MOST_OPERATIONS)]
        yield UnusualAccessSeen(
            pattern=pattern,
            subject=seen.subject,
            count=total,
            threshold=threshold,
            window_start=min(minute.by_second),
            window_seconds=WINDOW.seconds,
            operations=tuple(often),
        )

    def _is_odd(self, at: datetime) -> bool:
        hour = at.astimezone(self._zone).hour
        return not self._settings.day_begins <= hour < self._settings.day_ends
