"""What the api of every service stands on: its stores, its records, who may do what."""

from asyncio import Event as Signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import httpx

from shared.authorization.leaving import DecidingProcess
from shared.authorization.tail import SnapshotSource
from shared.clock import Clock
from shared.eventstore.feed import Feed
from shared.eventstore.records import RecordKeeper
from shared.eventstore.reserve import DiskReserve
from shared.eventstore.store import EventStore
from shared.messaging.topics import ACCESS
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.lag import KnownMarks, LagMeter, Log, Way
from shared.projecting.orders import Orders
from shared.projecting.store_check import StoreCheck
from shared.security.master_key import MasterKey
from shared.security.secret_files import read_key_file
from shared.security.subject_keys import SubjectKeys
from shared.security.tokens import TokenVerifier
from shared.service.deciding import follow_permissions, tell_leavings
from shared.service.process import Process
from shared.service.reserving import reserve_of
from shared.service.service import Service
from shared.web.callers import Guard
from shared.web.limits import RequestLimits
from shared.web.recording import Recorder


@dataclass(frozen=True, slots=True)
class Foundation:
    """What the routes of any service need; a service adds what only it has."""

    store: EventStore
    feed: Feed
    truth: Lanes
    views: Lanes
    key_lanes: Lanes
    keys: SubjectKeys
    records: RecordKeeper
    records_feed: Feed
    recorder: Recorder
    orders: Orders
    guard: Guard
    tracing: Tracing
    clock: Clock
    service_key: bytes
    appended: Signal
    stopping: Signal
    metrics: Metrics = UNMEASURED

    @property
    def feeds(self) -> Mapping[Feed, int]:
        """What it publishes, its own events first, each with its number of partitions."""
        return {self.feed: self.store.partitions, self.records_feed: self.records.partitions}

    def lag_meter(self, watchers: Sequence[KnownMarks], elsewhere: Sequence[Way] = ()) -> LagMeter:
        """Return what measures who is behind whom."""
        logs = [Log(feed.topic, feed.table, count) for feed, count in self.feeds.items()]
        return LagMeter(self.truth, logs, watchers, elsewhere)


@dataclass(frozen=True, slots=True)
class Ways:
    """Connections to the three servers of a service."""

    truth: Lanes
    views: Lanes
    keys: Lanes


def foundation_on(
    service: Service,
    ways: Ways,
    guard: Guard,
    clock: Clock,
    *,
    master: MasterKey,
    service_key: bytes,
    tracing: Tracing,
    appended: Signal,
    stopping: Signal,
    metrics: Metrics = UNMEASURED,
    reserve: DiskReserve | None = None,
    every_decision: bool = False,
    process: DecidingProcess | None = None,
) -> Foundation:
    """Put it together; nothing is asked of a server, and nothing runs."""
    records = RecordKeeper(ways.truth, clock, ACCESS.partitions, metrics)
    return Foundation(
        store=EventStore(ways.truth, service.name, service.topic.partitions, metrics, reserve),
        feed=Feed(ways.truth, service.topic.name),
        truth=ways.truth,
        views=ways.views,
        key_lanes=ways.keys,
        keys=SubjectKeys(ways.keys, master),
        records=records,
        records_feed=Feed(ways.truth, ACCESS.name, ACCESS.table),
        recorder=Recorder(records, clock, every_decision=every_decision, process=process),
        orders=Orders(ways.views, uuid4()),
        guard=guard,
        tracing=tracing,
        clock=clock,
        service_key=service_key,
        appended=appended,
        stopping=stopping,
        metrics=metrics,
    )


async def lay_foundation(
    process: Process, source: Callable[[Lanes, Feed], SnapshotSource] | None = None
) -> Foundation:
    """Open it, once the store is known to be what it was; what it runs, the process runs.

    Args:
        process: whose foundation it is.
        source: makes what the replica begins from of the truth lanes and the feed; None: the
            permissions service is asked.

    Raises:
        DaybookError: the store holds what this release cannot read, or must be renumbered.
    """
    service, stores = process.service, process.stores
    ways = Ways(
        await process.lanes(stores.truth_dsn, "api", stores.append_lanes),
        await process.lanes(stores.views_dsn, "api", 4),
        await process.lanes(stores.keys_dsn, "api", 4),
    )
    its_own = None if source is None else source(ways.truth, Feed(ways.truth, service.topic.name))
    replica = await follow_permissions(process, ways.views, its_own)
    deciding = DecidingProcess(process.name, service.account, replica.leavings)
    limits = RequestLimits(process.clock, process.settings.requests_per_second)
    foundation = foundation_on(
        service,
        ways,
        Guard(await _verifier(process), replica, limits),
        process.clock,
        master=process.master,
        service_key=read_key_file(process.security.secrets_dir / "service.key"),
        tracing=process.tracing,
        appended=process.appended,
        stopping=process.stop,
        metrics=process.metrics,
        reserve=reserve_of(process),
        every_decision=process.settings.log_every_decision,
        process=deciding,
    )
    process.opened.push_async_callback(foundation.records.close)
    process.opened.push_async_callback(foundation.recorder.close)
    tell_leavings(process, deciding, foundation.records)
    await foundation.store.shapes.refuse_unreadable(service.codec)
    check = StoreCheck(ways.truth, ways.views, service.source, service.topic.name)
    await check.check()
    process.runs += [check.run, foundation.recorder.run]
    return foundation


async def _verifier(process: Process) -> TokenVerifier:
    http = await process.opened.enter_async_context(httpx.AsyncClient(timeout=2, trust_env=False))
    return TokenVerifier(
        issuer=process.security.issuer,
        audience=process.security.audience,
        http=http,
        clock=process.clock,
    )
