"""A thing to keep running is its command, its place in the order, and what shows its work."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum


class Tier(Enum):
    """What leans on what: services on broker and PostgreSQL, the broker's refill on PostgreSQL.

    The value is the seconds a tier gets to end by itself; together less than five.
    """

    SERVICES = 2.2
    BROKER = 0.5
    POSTGRES = 2.0


@dataclass(frozen=True, slots=True)
class Program:
    """One thing to keep running, and how to see that it does its work."""

    name: str
    tier: Tier
    command: tuple[str, ...]
    environment: Mapping[str, str]
    is_ready: Callable[[], Awaitable[bool]]
    stop_signal: signal.Signals = signal.SIGTERM
    slow_stop_seconds: float | None = None
    """What it gets to end instead of its tier's seconds, if it needs longer to tidy up."""

    @property
    def stop_seconds(self) -> float:
        """How long it gets to end by itself."""
        return self.slow_stop_seconds or self.tier.value
