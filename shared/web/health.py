"""/livez says that the process answers, /readyz that it can do its work, with the proof."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.observability.work import FINE, Work

READY: Final = "ready"


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = FINE


class Canary(BaseModel):
    """The last canary event that made the trip store → Kafka → whoever reads there."""

    age_seconds: float = Field(
        description="How long ago it arrived; while none has, since the process began."
    )
    is_old: bool = Field(False, description="Whether several should have arrived since.")
    stands_at: str | None = Field(None, description="If it is old: the hop where one stands.")
    way: str = Field("", description="Its way, for example store → Kafka → read model.")
    trip_ms: float | None = Field(None, description="How long it was on its way.")
    event_id: UUID | None = Field(None, description="Null while none has arrived.")


class RelayReport(BaseModel):
    """What the relay of this process has done since it started."""

    partitions_led: int
    events_sent: int
    refilled_events: int = Field(description="Events that a Kafka that lost its log got again.")
    refill_seconds: float | None = Field(description="How long that took; null while it goes on.")


class Disk(BaseModel):
    """The room that the event store has; without it the api is still ready: reading goes on."""

    state: Literal["ok", "nearly full", "unknown"] = Field(
        description="nearly full: writing is refused (507). unknown: it is on another machine."
    )
    free_bytes: int | None
    reserve_bytes: int = Field(description="With less room than this, nothing is written.")


class Behind(BaseModel):
    """One way on which changes arrive late; the process is ready all the same."""

    way: str = Field(description="store → topic, or Kafka → read model.")
    since: datetime = Field(description="When the oldest event was recorded that has not arrived.")
    seconds: float
    is_late: bool = Field(description="Whether who writes is warned and an alarm is raised.")


class KnownPermissions(BaseModel):
    """How old the process's own copy of all permissions is, and what it therefore refuses."""

    state: str = Field(description='"ok", or why nothing at all is decided: it is not ready then.')
    age_seconds: float | None = Field(
        description="How old it is at most; null: nothing is known, or not how old it is."
    )
    refused: Sequence[str] = Field(
        description="What is too risky to be decided at that age, and answered 503 undecided:"
        " critical, high, normal, low."
    )


class Readiness(BaseModel):
    """Whether this process can do its work; an old canary is told, and never makes it unready."""

    status: Literal["ready", "not-ready"]
    role: str
    checks: Mapping[str, str] = Field(description='What it needs: "ok", or what is wrong.')
    canary: Canary | None = None
    relay: RelayReport | None = None
    disk: Disk | None = None
    permissions: KnownPermissions | None = None
    behind: Sequence[Behind] = Field((), description="Who is so far behind that it is said.")
    work: Sequence[Work] = Field((), description="What each part of the process did last.")

    @classmethod
    def of(
        cls,
        role: str,
        checks: Mapping[str, str],
        canary: Canary | None = None,
        relay: RelayReport | None = None,
        work: Sequence[Work] = (),
        disk: Disk | None = None,
        behind: Sequence[Behind] = (),
        permissions: KnownPermissions | None = None,
    ) -> "Readiness":
        """Return ready if every check says ok."""
        is_ready = all(state == FINE for state in checks.values())
        status: Literal["ready", "not-ready"] = READY if is_ready else "not-ready"
        return cls(
            status=status,
            role=role,
            checks=checks,
            canary=canary,
            relay=relay,
            work=work,
            disk=disk,
            behind=behind,
            permissions=permissions,
        )


ReadinessCheck = Callable[[], Awaitable[Readiness]]
