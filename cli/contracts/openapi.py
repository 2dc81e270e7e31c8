"""The HTTP api of a service is described without being started: nothing is connected."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.customers.api.app import ApiParts, customers_api
from services.customers.application.erasing import CustomerErasures
from services.customers.application.holding import CopyHolders
from services.customers.projections.activity_queries import DailyActivity
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.roles.service import FOLLOWED
from services.customers.roles.service import SERVICE as CUSTOMERS_SERVICE
from services.customers.streams.activity import latest_activity
from shared.authorization.decisions import TableDecisions
from shared.clock import SystemClock
from shared.eventstore.feed import Feed
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.messaging.topics import ACCESS, ACTIVITY
from shared.observability.metrics import UNMEASURED
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.backlog import BacklogWatch
from shared.projecting.canary import Arrival, CanaryKeeper
from shared.projecting.orders import Orders
from shared.projecting.watching import MarkWatcher
from shared.security.erasure_ledger import ErasureLedger
from shared.security.key_grants import KeyGrants
from shared.security.master_key import KnownMasterKeys, NoMasterKey
from shared.security.subject_keys import SubjectKeys
from shared.security.tokens import TokenVerifier
from shared.service.foundation import Foundation
from shared.service.service import Service
from shared.service.telling import Told
from shared.settings import KafkaSettings
from shared.web.callers import Guard
from shared.web.health import Readiness
from shared.web.recording import Recorder

NOWHERE = "postgresql://nobody@localhost/nothing"


def customers_openapi() -> dict[str, Any]:
    """Return the OpenAPI document of the customers service."""
    lanes, clock = Lanes(NOWHERE, 1, application_name="contracts"), SystemClock()
    foundation = _foundation(CUSTOMERS_SERVICE, lanes)
    watcher = MarkWatcher(lanes, FOLLOWED, CUSTOMERS_SERVICE.name)
    grants = KeyGrants(lanes, NoMasterKey())
    ledger = ErasureLedger(Path(NOWHERE), clock)
    parts = ApiParts(
        foundation=foundation,
        directory=DirectoryQueries(lanes),
        ledger=ledger,
        erasures=CustomerErasures(
            foundation.store, foundation.keys, ledger, clock, asyncio.Event()
        ),
        grants=grants,
        copies=CopyHolders([], grants, {}),
        watcher=watcher,
        live_activity=latest_activity(KafkaSettings(), ACTIVITY, clock),
        daily_activity=DailyActivity(lanes),
        daily_watcher=watcher,
        consumers={},
    )
    told = _told(CUSTOMERS_SERVICE, foundation, watcher, [watcher])
    return customers_api(parts, _readiness, told).openapi()


def _foundation(service: Service, lanes: Lanes) -> Foundation:
    clock, http = SystemClock(), httpx.AsyncClient()
    records = RecordKeeper(lanes, clock, ACCESS.partitions)
    return Foundation(
        store=EventStore(lanes, service.name, service.topic.partitions),
        feed=Feed(lanes, service.topic.name),
        truth=lanes,
        views=lanes,
        key_lanes=lanes,
        keys=SubjectKeys(lanes, KnownMasterKeys(AESGCM.generate_key(256))),
        records=records,
        records_feed=Feed(lanes, ACCESS.name, ACCESS.table),
        recorder=Recorder(records, clock),
        orders=Orders(lanes, uuid4()),
        guard=Guard(
            TokenVerifier(issuer="http://localhost", audience="daybook", http=http, clock=clock),
            TableDecisions(),
        ),
        tracing=Tracing(),
        clock=clock,
        service_key=bytes(32),
        appended=asyncio.Event(),
        stopping=asyncio.Event(),
    )


def _told(
    service: Service,
    foundation: Foundation,
    arrival: Arrival,
    watchers: Sequence[MarkWatcher] = (),
) -> Told:
    canary = CanaryKeeper(
        foundation.store, service.codec, arrival, foundation.clock, foundation.tracing,
        actor="contracts", period_seconds=60, wake=asyncio.Event(),
    )  # fmt: skip
    meter = foundation.lag_meter(watchers)
    backlog = BacklogWatch(
        meter, foundation.clock, UNMEASURED, late_after_seconds=3600, dated_after_seconds=60
    )
    return Told(canary, meter, backlog)


async def _readiness() -> Readiness:
    return Readiness.of("api", {})
