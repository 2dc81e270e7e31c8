"""Ready is said only after the whole way was walked and the broker holds what the store holds."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from cli.local.paths import Place
from cli.local.ports import Ports
from cli.local.postgres import servers
from cli.local.readiness import Canary, Readiness, Relay, ask_readiness
from cli.local.tally import Tally, count_published
from shared.clock import Clock
from shared.errors import UnavailableError
from shared.service.service import Service

STANDSTILL_SECONDS = 60.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Proof:
    """What was measured of one service during a start."""

    canary: Canary
    relay: Relay | None
    lost_events: int | None
    """Events that the last run knew and the store no longer has; None at the first start."""


async def prove(
    place: Place,
    service: Service,
    clock: Clock,
    *,
    since: float,
    before: Tally | None,
    stored: Tally,
    on_progress: Callable[[int], None],
) -> Proof:
    """Wait for a canary that arrived after `since`, and a broker that holds every stored event.

    Raises:
        UnavailableError: nothing moved for a minute.
    """
    published = 0
    try:
        async with asyncio.timeout(STANDSTILL_SECONDS) as patience:
            while True:
                readiness = await ask_readiness(Ports(place.port_base).url(service.name))
                seen = await count_published(servers(place)[0].admin_dsn, service)
                if seen and seen.events > published:
                    published = seen.events
                    on_progress(published)
                    patience.reschedule(asyncio.get_running_loop().time() + STANDSTILL_SECONDS)
                canary = _fresh_canary(readiness, clock.monotonic() - since)
                if canary and readiness and published >= stored.events and _is_full(readiness):
                    lost = before.lost_until(stored) if before else None
                    return Proof(canary, readiness.relay, lost)
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise UnavailableError(
            f"No canary event of {service.name} made the trip in {STANDSTILL_SECONDS:.0f} s,"
            f" with {published:,} of {stored.events:,} events on the broker.",
            fix=f"read what the service says: tail {place.logs / f'{service.name}.log'}",
        ) from error


def _fresh_canary(readiness: Readiness | None, seconds: float) -> Canary | None:
    canary = readiness.canary if readiness else None
    is_there = canary is not None and canary.trip_ms is not None
    return canary if canary and is_there and canary.age_seconds <= seconds else None


def _is_full(readiness: Readiness) -> bool:
    relay = readiness.relay
    return relay is None or not relay.refilled_events or relay.refill_seconds is not None
