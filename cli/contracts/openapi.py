"""The HTTP api of a service is described without being started: nothing is connected."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.customers.api.app import ApiParts, customers_api, lag_meter
from services.customers.application.erasing import CustomerErasures
from services.customers.application.holding import CopyHolders
from services.customers.projections.activity_queries import DailyActivity
from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.storage.codec import CODEC
from services.customers.streams.activity import latest_activity
from shared.authorization.decisions import TableDecisions
from shared.clock import SystemClock
from shared.eventstore.feed import Feed
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.messaging.headers import source_of
from shared.messaging.topics import ACCESS, ACTIVITY, CUSTOMERS
from shared.observability.metrics import UNMEASURED
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.backlog import BacklogWatch
from shared.projecting.canary import CanaryKeeper
from shared.projecting.marks import Followed
from shared.projecting.orders import Orders
from shared.projecting.watching import MarkWatcher
from shared.security.erasure_ledger import ErasureLedger
from shared.security.key_grants import KeyGrants
from shared.security.master_key import KnownMasterKeys, NoMasterKey
from shared.security.subject_keys import SubjectKeys
from shared.security.tokens import TokenVerifier
from shared.settings import KafkaSettings
from shared.web.callers import Guard
from shared.web.health import Readiness
from shared.web.recording import Recorder

SERVICE = "customers"
NOWHERE = "postgresql://nobody@localhost/nothing"


def customers_openapi() -> dict[str, Any]:
    """Return the OpenAPI document of the customers service."""
    lanes = Lanes(NOWHERE, 1, application_name="contracts")
    clock, tracing = SystemClock(), Tracing()
    store = EventStore(lanes, SERVICE, CUSTOMERS.partitions)
    followed = Followed(DIRECTORY, source_of(SERVICE), CUSTOMERS.name, CUSTOMERS.partitions)
    watcher = MarkWatcher(lanes, followed, SERVICE)
    http = httpx.AsyncClient()
    records = RecordKeeper(lanes, clock, ACCESS.partitions)
    keys = SubjectKeys(lanes, KnownMasterKeys(AESGCM.generate_key(256)))
    grants = KeyGrants(lanes, NoMasterKey())
    ledger = ErasureLedger(Path(NOWHERE), clock)
    parts = ApiParts(
        store=store,
        feed=Feed(lanes, CUSTOMERS.name),
        truth=lanes,
        views=lanes,
        directory=DirectoryQueries(lanes),
        keys=keys,
        ledger=ledger,
        erasures=CustomerErasures(store, keys, ledger, clock, asyncio.Event()),
        grants=grants,
        copies=CopyHolders([], grants, {}),
        records=records,
        records_feed=Feed(lanes, ACCESS.name, ACCESS.table),
        recorder=Recorder(records, clock),
        watcher=watcher,
        live_activity=latest_activity(KafkaSettings(), ACTIVITY, clock),
        daily_activity=DailyActivity(lanes),
        daily_watcher=MarkWatcher(lanes, followed, SERVICE),
        orders=Orders(lanes, uuid4()),
        consumers={},
        guard=Guard(
            TokenVerifier(issuer="http://localhost", audience="daybook", http=http, clock=clock),
            TableDecisions(),
        ),
        tracing=tracing,
        clock=clock,
        service_key=bytes(32),
        appended=asyncio.Event(),
        stopping=asyncio.Event(),
    )
    canary = CanaryKeeper(
        store, CODEC, watcher, clock, tracing,
        actor="contracts", period_seconds=60, wake=asyncio.Event(),
    )  # fmt: skip

    async def readiness() -> Readiness:
        return Readiness.of("api", {})

    backlog = BacklogWatch(
        lag_meter(parts), clock, UNMEASURED, late_after_seconds=3600, dated_after_seconds=60
    )
    return customers_api(parts, readiness, canary, backlog).openapi()
