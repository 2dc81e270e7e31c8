"""The api role: commands, reads, the feed, and the canary that proves the way."""

import asyncio
from collections.abc import Awaitable
from uuid import uuid4

import asyncpg
import httpx

from services.customers.api.app import ApiParts, customers_api, lag_meter
from services.customers.application.erasing import CustomerErasures
from services.customers.application.erasure_watch import ErasureWatcher
from services.customers.application.holding import CopyHolders
from services.customers.application.importing.copies import ImportCopies
from services.customers.application.view_deletions import ViewDeletions
from services.customers.projections.activity_queries import DailyActivity
from services.customers.projections.directory_queries import SETTINGS, DirectoryQueries
from services.customers.roles.erasing import erasure_watcher, holders_of
from services.customers.roles.ledger import open_gate
from services.customers.roles.process import (
    FOLLOWED,
    FOLLOWED_DAILY,
    READ_MODELS,
    SERVICE,
    Process,
)
from services.customers.storage.codec import CODEC
from services.customers.streams.activity import latest_activity
from shared.authorization.decisions import TableDecisions
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import DaybookError
from shared.eventstore.feed import Feed
from shared.eventstore.records import RecordKeeper
from shared.eventstore.reserve import DiskReserve, LocalSpace, UnknownSpace
from shared.eventstore.store import EventStore
from shared.messaging.consumers import read_consumers
from shared.messaging.topics import ACCESS, ACTIVITY, CUSTOMERS
from shared.observability.metrics import Metrics
from shared.observability.names import GaugeName
from shared.observability.work import FINE
from shared.postgres.lanes import Lanes
from shared.projecting.backlog import BacklogWatch
from shared.projecting.canary import CanaryKeeper
from shared.projecting.canary_watch import CanaryWatch
from shared.projecting.lag import set_lag_metrics
from shared.projecting.orders import Orders
from shared.projecting.parked_list import ParkedList
from shared.projecting.store_check import StoreCheck
from shared.projecting.watching import MarkWatcher
from shared.security.erasure_ledger import ErasureLedger
from shared.security.key_grants import KeyGrants
from shared.security.secret_files import read_key_file
from shared.security.subject_keys import SubjectKeys
from shared.security.tokens import TokenVerifier
from shared.web.callers import Guard
from shared.web.health import Behind, Canary, Disk
from shared.web.limits import RequestLimits
from shared.web.recording import Recorder
from shared.web.serving import listen, serve

PARKED_GAUGES: tuple[GaugeName, ...] = ("daybook_parked_streams", "daybook_parked_events")
WORK_WITHIN_SECONDS = 2.0
# A process's own: two that probe at one moment never wait for each other.
PROBE_STREAM = f"probe-{uuid4()}"
ONE_ROW_EACH = """select (select count(*) from (select from directory limit 1) d)
    + (select count(*) from (select from activity_daily limit 1) a)"""
ONE_KEY = "select count(*) from (select from subject_keys limit 1) k"


async def add_api(process: Process) -> None:
    """Let the process serve the HTTP api."""
    parts = await _parts(process)
    key_lanes = await process.lanes(process.stores.keys_dsn, "api", 1)
    canary = CanaryKeeper(
        parts.store,
        CODEC,
        parts.watcher,
        process.clock,
        process.tracing,
        actor=DEMO_PEOPLE[SERVICE].subject,
        period_seconds=process.service.canary_seconds,
        wake=process.appended,
    )
    process.readiness.api = lambda: _checks(parts, key_lanes)
    meter = lag_meter(parts)
    watch = CanaryWatch(canary, meter, process.metrics)
    process.readiness.canary = lambda: _canary(canary, watch)
    process.metrics.found_out_by("lag", lambda: set_lag_metrics(meter, process.metrics))
    erasures = erasure_watcher(process, parts)
    process.metrics.found_out_by("erasures", lambda: _measure(erasures, process.metrics))
    process.metrics.found_out_by("parked", lambda: _measure_parked(parts.views, process.metrics))
    backlog = BacklogWatch(
        meter,
        process.clock,
        process.metrics,
        late_after_seconds=process.service.late_after_seconds,
        dated_after_seconds=process.service.dated_after_seconds,
    )
    process.readiness.behind = lambda: _behind(backlog)
    app = customers_api(parts, process.readiness, canary, backlog)
    listener = listen(process.service.host, process.service.port)
    process.runs += [
        parts.watcher.run,
        parts.daily_watcher.run,
        parts.live_activity.run,
        canary.run,
        watch.run,
        backlog.run,
        erasures.run,
        ViewDeletions(parts.truth, parts.keys).run,
        lambda stop: serve(app, listener, stopping=stop),
    ]


async def _parts(process: Process) -> ApiParts:
    """Open what the routes stand on."""
    truth = await process.lanes(process.stores.truth_dsn, "api", process.stores.append_lanes)
    views = await process.lanes(process.stores.views_dsn, "api", 4)
    key_lanes = await process.lanes(process.stores.keys_dsn, "api", 4)
    searches = await process.lanes(process.stores.views_dsn, "api", 4, SETTINGS)
    store = EventStore(truth, SERVICE, CUSTOMERS.partitions, process.metrics, _reserve(process))
    await store.shapes.refuse_unreadable(CODEC)
    check = StoreCheck(truth, views, FOLLOWED.source, FOLLOWED.topic)
    await check.check()
    process.runs.append(check.run)
    keys = SubjectKeys(key_lanes, process.master)
    ledger = ErasureLedger(process.security.ledger_dir, process.clock)
    service_key = read_key_file(process.security.secrets_dir / "service.key")
    imports = ImportCopies(truth, store, keys, service_key)
    erasures = CustomerErasures(
        store, keys, ledger, process.clock, process.appended,
        before_key_is_destroyed=imports.before_key_is_destroyed,
    )  # fmt: skip
    await open_gate(ledger, store, key_lanes, erasures)
    grants = KeyGrants(key_lanes, process.master)
    consumers = read_consumers(process.service.consumers_dir)
    records = RecordKeeper(truth, process.clock, ACCESS.partitions, process.metrics)
    process.opened.push_async_callback(records.close)
    recorder = Recorder(records, process.clock)
    process.opened.push_async_callback(recorder.close)
    process.runs.append(recorder.run)
    return ApiParts(
        store=store,
        feed=Feed(truth, CUSTOMERS.name),
        truth=truth,
        views=views,
        directory=DirectoryQueries(searches),
        keys=keys,
        ledger=ledger,
        erasures=erasures,
        grants=grants,
        copies=CopyHolders(holders_of(truth, views, process.clock, imports), grants, consumers),
        records=records,
        records_feed=Feed(truth, ACCESS.name, ACCESS.table),
        recorder=recorder,
        watcher=MarkWatcher(views, FOLLOWED, SERVICE),
        live_activity=latest_activity(process.kafka, ACTIVITY, process.clock),
        daily_activity=DailyActivity(views),
        daily_watcher=MarkWatcher(views, FOLLOWED_DAILY, SERVICE),
        orders=Orders(views, uuid4()),
        consumers=consumers,
        guard=Guard(
            await _verifier(process),
            TableDecisions(),
            RequestLimits(process.clock, process.service.requests_per_second),
        ),
        tracing=process.tracing,
        clock=process.clock,
        service_key=service_key,
        appended=process.appended,
        stopping=process.stop,
        metrics=process.metrics,
    )


def _reserve(process: Process) -> DiskReserve:
    """Return what stops writing when the event store's disk is nearly full, and have it look."""
    folder = process.stores.truth_data_dir
    space = UnknownSpace() if folder is None else LocalSpace(folder)
    reserve = DiskReserve(space, process.stores.truth_reserve_bytes, process.metrics)
    process.readiness.disk = lambda: Disk(
        state=reserve.state, free_bytes=reserve.free_bytes, reserve_bytes=reserve.reserve_bytes
    )
    process.runs.append(reserve.run)
    return reserve


async def _verifier(process: Process) -> TokenVerifier:
    http = await process.opened.enter_async_context(httpx.AsyncClient(timeout=2, trust_env=False))
    return TokenVerifier(
        issuer=process.security.issuer,
        audience=process.security.audience,
        http=http,
        clock=process.clock,
    )


async def _checks(parts: ApiParts, key_lanes: Lanes) -> dict[str, str]:
    """Do a little of the api's work on each server and say what worked."""
    return {
        "append": await _works(parts.store.probe(PROBE_STREAM)),
        "read models": await _works(parts.views.fetchval(ONE_ROW_EACH)),
        "subject keys": await _works(key_lanes.fetchval(ONE_KEY)),
    }


async def _measure(erasures: ErasureWatcher, metrics: Metrics) -> None:
    metrics.set("daybook_erasure_age_seconds", erasures.oldest_seconds)


async def _measure_parked(views: Lanes, metrics: Metrics) -> None:
    for name in PARKED_GAUGES:
        metrics.clear(name)
    parked = ParkedList(views)
    for model in READ_MODELS:
        for version, counted in (await parked.counts(model)).items():
            metrics.set("daybook_parked_streams", counted["streams"], model, str(version))
            metrics.set("daybook_parked_events", counted["events"], model, str(version))


async def _canary(canary: CanaryKeeper, watch: CanaryWatch) -> Canary:
    news, trip = await watch.look(), canary.last
    return Canary(
        age_seconds=news.age_seconds,
        is_old=news.is_old,
        stands_at=news.stands_at,
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
