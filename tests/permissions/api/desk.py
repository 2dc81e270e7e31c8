"""The api of the permissions service on databases of its own, without a process around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from services.permissions.api.app import permissions_api
from services.permissions.roles.service import SERVICE
from shared.authorization.rights import Decisions
from shared.clock import Clock, SystemClock
from shared.messaging.tail import TopicTail
from shared.observability.metrics import UNMEASURED
from shared.observability.traces import Tracing
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.backlog import BacklogWatch
from shared.projecting.canary import CanaryKeeper
from shared.security.master_key import KnownMasterKeys
from shared.service.foundation import Foundation, Ways, foundation_on
from shared.service.telling import Told
from shared.settings import KafkaSettings
from shared.testing.verifier import PersonVerifier, token_of
from shared.web.app import Api
from shared.web.callers import Guard
from shared.web.health import Readiness
from tests.ground.processes import MASTER_KEY, SERVICE_KEY
from tests.ground.rights import open_decisions
from tests.ground.servers import Databases
from tests.permissions.views import make_read_models


@dataclass(frozen=True, slots=True)
class Desk:
    """The app, what it stands on, and whoever asks it."""

    app: Api
    foundation: Foundation
    opened: AsyncExitStack
    databases: Databases

    def client(self, person: str | None) -> httpx.AsyncClient:
        """Return a client, signed in as that demo person or as nobody."""
        transport = httpx.ASGITransport(self.app)
        client = httpx.AsyncClient(transport=transport, base_url="http://daybook")
        if person is not None:
            client.headers["Authorization"] = f"Bearer {token_of(person)}"
        self.opened.push_async_callback(client.aclose)
        return client


@asynccontextmanager
async def a_desk(
    databases: Databases,
    decisions: Decisions | None = None,
    *,
    clock: Clock | None = None,
    every_decision: bool = False,
) -> AsyncIterator[Desk]:
    """Have one for as long as the body of the `with`; nothing runs behind it.

    It tells each decision by itself if `every_decision`, else counts ordinary allowances.
    """
    await make_read_models(databases)
    async with AsyncExitStack() as opened:
        ways = [
            await _lanes(opened, template)
            for template in (databases.truth_dsn, databases.views_dsn, databases.keys_dsn)
        ]
        foundation = foundation_on(
            SERVICE,
            Ways(*ways),
            Guard(PersonVerifier(), decisions or open_decisions()),
            clock or SystemClock(),
            master=KnownMasterKeys(MASTER_KEY),
            service_key=SERVICE_KEY,
            tracing=Tracing(),
            appended=asyncio.Event(),
            stopping=asyncio.Event(),
            every_decision=every_decision,
        )
        opened.push_async_callback(foundation.records.close)
        app = permissions_api(foundation, _readiness, _told(foundation), "http://daybook")
        yield Desk(app, foundation, opened, databases)


async def _lanes(opened: AsyncExitStack, template: str) -> Lanes:
    lanes = Lanes(dsn_for(template, "api"), 2, application_name="desk")
    await lanes.open()
    opened.push_async_callback(lanes.close)
    return lanes


def _told(foundation: Foundation) -> Told:
    meter = foundation.lag_meter(())
    canary = CanaryKeeper(
        foundation.store, SERVICE.codec, TopicTail(KafkaSettings(), SERVICE.topic, SERVICE.source),
        foundation.clock, foundation.tracing,
        actor=SERVICE.account, period_seconds=60, wake=foundation.appended,
    )  # fmt: skip
    backlog = BacklogWatch(
        meter, foundation.clock, UNMEASURED, late_after_seconds=3600, dated_after_seconds=60
    )
    return Told(canary, meter, backlog)


async def _readiness() -> Readiness:
    return Readiness.of("api", {})
