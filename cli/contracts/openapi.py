"""The HTTP api of a service is described without being started: nothing is connected."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI

from services.customers.api.app import ApiParts, customers_api
from services.customers.application.erasing import CustomerErasures
from services.customers.application.holding import CopyHolders
from services.customers.projections.activity_queries import DailyActivity
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.roles.service import FOLLOWED
from services.customers.roles.service import SERVICE as CUSTOMERS
from services.customers.streams.activity import latest_activity
from services.permissions.api.app import permissions_api
from services.permissions.roles.service import SERVICE as PERMISSIONS
from shared.authorization.replica import Replica
from shared.clock import SystemClock
from shared.messaging.tail import TopicTail
from shared.messaging.topics import ACTIVITY
from shared.observability.metrics import UNMEASURED
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.backlog import BacklogWatch
from shared.projecting.canary import Arrival, CanaryKeeper
from shared.projecting.watching import MarkWatcher
from shared.security.erasure_ledger import ErasureLedger
from shared.security.key_grants import KeyGrants
from shared.security.master_key import KnownMasterKeys, NoMasterKey
from shared.security.tokens import TokenVerifier
from shared.service.foundation import Foundation, Ways, foundation_on
from shared.service.service import Service
from shared.service.telling import Told
from shared.settings import KafkaSettings
from shared.web.callers import Guard
from shared.web.health import Readiness

NOWHERE = "postgresql://nobody@localhost/nothing"


def customers_openapi() -> dict[str, Any]:
    """Return the OpenAPI document of the customers service."""
    return customers_app().openapi()


def permissions_openapi() -> dict[str, Any]:
    """Return the OpenAPI document of the permissions service."""
    return permissions_app().openapi()


def customers_app() -> FastAPI:
    """Return the api of the customers service, connected to nothing."""
    lanes, clock = Lanes(NOWHERE, 1, application_name="contracts"), SystemClock()
    foundation = _foundation(CUSTOMERS, lanes)
    watcher = MarkWatcher(lanes, FOLLOWED, CUSTOMERS.name)
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
    told = _told(CUSTOMERS, foundation, watcher, [watcher])
    return customers_api(parts, _readiness, told)


def permissions_app() -> FastAPI:
    """Return the api of the permissions service, connected to nothing."""
    foundation = _foundation(PERMISSIONS, Lanes(NOWHERE, 1, application_name="contracts"))
    tail = TopicTail(KafkaSettings(), PERMISSIONS.topic, PERMISSIONS.source)
    told = _told(PERMISSIONS, foundation, tail)
    return permissions_api(foundation, _readiness, told, "http://localhost")


def _foundation(service: Service, lanes: Lanes) -> Foundation:
    clock, http = SystemClock(), httpx.AsyncClient()
    tokens = TokenVerifier(issuer="http://localhost", audience="daybook", http=http, clock=clock)
    return foundation_on(
        service,
        Ways(lanes, lanes, lanes),
        Guard(tokens, Replica(clock)),
        clock,
        master=KnownMasterKeys(AESGCM.generate_key(256)),
        service_key=bytes(32),
        tracing=Tracing(),
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
