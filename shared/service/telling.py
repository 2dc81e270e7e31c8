"""Operators are told of every service alike: whether it works, who is behind, what is parked."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import asyncpg

from shared.errors import DaybookError
from shared.observability.metrics import Metrics
from shared.observability.names import GaugeName
from shared.observability.work import FINE
from shared.postgres.lanes import Lanes
from shared.projecting.backlog import BacklogWatch
from shared.projecting.canary import Arrival, CanaryKeeper
from shared.projecting.canary_watch import CanaryWatch
from shared.projecting.lag import KnownMarks, LagMeter, Way, set_lag_metrics
from shared.projecting.parked_list import ParkedList
from shared.service.foundation import Foundation
from shared.service.process import Process
from shared.web.health import Behind, Canary

PARKED_GAUGES: tuple[GaugeName, ...] = ("daybook_parked_streams", "daybook_parked_events")
WORK_WITHIN_SECONDS = 2.0
# A process's own: two that probe at one moment never wait for each other.
PROBE_STREAM = f"probe-{uuid4()}"
ONE_KEY = "select count(*) from (select from subject_keys limit 1) k"
ONE_MARK = "select count(*) from (select from projection_marks limit 1) m"


@dataclass(frozen=True, slots=True)
class Told:
    """What the routes tell operators from."""

    canary: CanaryKeeper
    meter: LagMeter
    backlog: BacklogWatch


async def keep_operators_told(
    process: Process,
    foundation: Foundation,
    arrival: Arrival,
    watchers: Sequence[KnownMarks] = (),
    elsewhere: Sequence[Way] = (),
    *,
    reads: str = ONE_MARK,
) -> Told:
    """Let the process prove its way, measure who is behind, and say whether its api works.

    Args:
        process: whose readiness, metrics and tasks these become.
        foundation: what its api stands on.
        arrival: knows when a canary has gone the whole way.
        watchers: of the read models that follow this service.
        elsewhere: the ways of read models that follow other services.
        reads: SQL that reads a little of every read model.
    """
    service, settings = process.service, process.settings
    canary = CanaryKeeper(
        foundation.store,
        service.codec,
        arrival,
        process.clock,
        process.tracing,
        actor=service.account,
        period_seconds=settings.canary_seconds,
        wake=process.appended,
    )
    meter = foundation.lag_meter(watchers, elsewhere)
    watch = CanaryWatch(canary, meter, process.metrics)
    backlog = BacklogWatch(
        meter,
        process.clock,
        process.metrics,
        late_after_seconds=settings.late_after_seconds,
        dated_after_seconds=settings.dated_after_seconds,
    )
    key_lanes = await process.lanes(process.stores.keys_dsn, "api", 1)

    async def checks() -> dict[str, str]:
        return {
            "append": await _works(foundation.store.probe(PROBE_STREAM)),
            "read models": await _works(foundation.views.fetchval(reads)),
            "subject keys": await _works(key_lanes.fetchval(ONE_KEY)),
        }

    process.readiness.api = checks
    process.readiness.canary = lambda: _canary(canary, watch)
    process.readiness.behind = lambda: _behind(backlog)
    metrics, names = process.metrics, service.read_models
    metrics.found_out_by("lag", lambda: set_lag_metrics(meter, metrics))
    metrics.found_out_by("parked", lambda: _measure_parked(names, foundation.views, metrics))
    process.runs += [canary.run, watch.run, backlog.run]
    return Told(canary, meter, backlog)


async def _measure_parked(names: Sequence[str], views: Lanes, metrics: Metrics) -> None:
    for gauge in PARKED_GAUGES:
        metrics.clear(gauge)
    parked = ParkedList(views)
    for name in names:
        for version, counted in (await parked.counts(name)).items():
            metrics.set("daybook_parked_streams", counted["streams"], name, str(version))
            metrics.set("daybook_parked_events", counted["events"], name, str(version))


async def _canary(canary: CanaryKeeper, watch: CanaryWatch) -> Canary:
    news, trip = await watch.look(), canary.last
    return Canary(
        age_seconds=news.age_seconds,
        is_old=news.is_old,
        stands_at=news.stands_at,
        way=f"store → {canary.last_hop}",
        trip_ms=None if trip is None else round(trip.trip_ms, 1),
        event_id=None if trip is None else trip.event_id,
    )


def _behind(backlog: BacklogWatch) -> list[Behind]:
    return [
        Behind(way=each.way, since=each.since, seconds=each.seconds, is_late=each.is_late)
        for each in backlog.behind
    ]


async def _works(work: Awaitable[object]) -> str:
    """Say ok, or in one word why not."""
    try:
        await asyncio.wait_for(work, WORK_WITHIN_SECONDS)
    except DaybookError as error:
        return error.detail
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return type(error).__name__
    return FINE
