"""Ready means shown to work: a socket that answers, a query that returns, a canary that arrived."""

import asyncio
from datetime import datetime

import asyncpg
import httpx
from pydantic import BaseModel, ValidationError

from cli.local.ports import LOOPBACK
from shared.messaging.clients import broker_answers
from shared.settings import BrokerKind, KafkaSettings

PATIENCE_SECONDS = 2.0


class Canary(BaseModel):
    """The last event that made the whole trip: store, Kafka, whoever reads there."""

    age_seconds: float
    trip_ms: float | None = None
    """None: none has arrived since the service started, that many seconds ago."""
    is_old: bool = False
    stands_at: str | None = None
    way: str = ""


class Relay(BaseModel):
    """What the relay put back into a broker that had lost its log."""

    refilled_events: int = 0
    refill_seconds: float | None = None
    """None while it is still refilling, or when there was nothing to refill."""


class Disk(BaseModel):
    """The room that the event store has."""

    state: str
    free_bytes: int | None = None


class KnownPermissions(BaseModel):
    """How old the permissions are that a service decides by, and what it refuses for that."""

    age_seconds: float | None = None
    refused: list[str] = []


class Behind(BaseModel):
    """One way that is behind: since when its oldest event waits."""

    way: str
    since: datetime
    seconds: float
    is_late: bool


class Readiness(BaseModel):
    """What a service says of itself at /readyz, as far as it is read here."""

    status: str
    canary: Canary | None = None
    relay: Relay | None = None
    disk: Disk | None = None
    permissions: KnownPermissions | None = None
    behind: list[Behind] = []


async def postgres_answers(dsn: str) -> bool:
    """Whether a PostgreSQL server takes writes; one that recovers a backup only reads."""
    try:
        connection = await asyncpg.connect(dsn, timeout=PATIENCE_SECONDS)
        try:
            return not await connection.fetchval("select pg_is_in_recovery()")
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def port_answers(port: int) -> bool:
    """Whether somebody accepts connections."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


async def kafka_answers(kind: BrokerKind, port: int) -> bool:
    """Whether the broker tells a client which brokers there are."""
    settings = KafkaSettings(mode=kind, bootstrap=f"{LOOPBACK}:{port}")
    return await port_answers(port) and await broker_answers(settings)


async def url_answers(url: str) -> bool:
    """Whether a GET succeeds."""
    answer = await _get(url)
    return answer is not None and answer.is_success


async def ask_readiness(service_url: str) -> Readiness | None:
    """Return what the service says of itself, also when it says not-ready; None if nothing."""
    answer = await _get(f"{service_url}/readyz")
    if answer is None:
        return None
    try:
        return Readiness.model_validate_json(answer.content)
    except ValidationError:
        return None


async def _get(url: str) -> httpx.Response | None:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            return await client.get(url)
    except httpx.TransportError:
        return None
