"""What the api of every service stands on: its stores, its records, who may do what."""

from asyncio import Event as Signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import httpx

from shared.authorization.decisions import TableDecisions
from shared.clock import Clock
from shared.eventstore.feed import Feed
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.messaging.topics import ACCESS
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.lag import LagMeter, Log
from shared.projecting.orders import Orders
from shared.projecting.store_check import StoreCheck
from shared.projecting.watching import MarkWatcher
from shared.security.secret_files import read_key_file
from shared.security.subject_keys import SubjectKeys
from shared.security.tokens import TokenVerifier
from shared.service.process import Process
from shared.service.reserving import reserve_of
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

    def lag_meter(self, watchers: Sequence[MarkWatcher]) -> LagMeter:
        """Return what measures who is behind whom."""
        logs = [Log(feed.topic, feed.table, count) for feed, count in self.feeds.items()]
        return LagMeter(self.truth, logs, watchers)


async def lay_foundation(process: Process) -> Foundation:
    """Open it, once the store is known to be what it was; what it runs, the process runs.

    Raises:
        DaybookError: the store holds what this release cannot read, or must be renumbered.
    """
    service = process.service
    truth = await process.lanes(process.stores.truth_dsn, "api", process.stores.append_lanes)
    views = await process.lanes(process.stores.views_dsn, "api", 4)
    key_lanes = await process.lanes(process.stores.keys_dsn, "api", 4)
    topic = service.topic
    store = EventStore(truth, service.name, topic.partitions, process.metrics, reserve_of(process))
    await store.shapes.refuse_unreadable(service.codec)
    check = StoreCheck(truth, views, service.source, topic.name)
    await check.check()
    process.runs.append(check.run)
    records = RecordKeeper(truth, process.clock, ACCESS.partitions, process.metrics)
    process.opened.push_async_callback(records.close)
    recorder = Recorder(records, process.clock)
    process.opened.push_async_callback(recorder.close)
    process.runs.append(recorder.run)
    return Foundation(
        store=store,
        feed=Feed(truth, topic.name),
        truth=truth,
        views=views,
        key_lanes=key_lanes,
        keys=SubjectKeys(key_lanes, process.master),
        records=records,
        records_feed=Feed(truth, ACCESS.name, ACCESS.table),
        recorder=recorder,
        orders=Orders(views, uuid4()),
        guard=Guard(
            await _verifier(process),
            TableDecisions(),
            RequestLimits(process.clock, process.settings.requests_per_second),
        ),
        tracing=process.tracing,
        clock=process.clock,
        service_key=read_key_file(process.security.secrets_dir / "service.key"),
        appended=process.appended,
        stopping=process.stop,
        metrics=process.metrics,
    )


async def _verifier(process: Process) -> TokenVerifier:
    http = await process.opened.enter_async_context(httpx.AsyncClient(timeout=2, trust_env=False))
    return TokenVerifier(
        issuer=process.security.issuer,
        audience=process.security.audience,
        http=http,
        clock=process.clock,
    )
