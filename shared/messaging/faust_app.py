"""A Faust app with the settings that each broker needs; what may hang is asked with care."""

import asyncio
import os

import faust
from faust.types import TP
from faust.types.auth import CredentialsT

from shared.messaging.securing import security_of
from shared.settings import KafkaSettings

ANSWER_WITHIN_SECONDS = 2.0


async def is_started(app: faust.App, stop: asyncio.Event) -> bool:
    """Start Faust, which waits for a broker that is away; False: told to stop meanwhile."""
    starting, stopping = asyncio.create_task(app.start()), asyncio.create_task(stop.wait())
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        return False
    starting.result()
    return True


async def position_of(app: faust.App, place: TP) -> int:
    """Return where the client stands; 0 if it does not say, as one that hangs does not."""
    try:
        return await asyncio.wait_for(app.consumer.position(place), ANSWER_WITHIN_SECONDS) or 0
    except TimeoutError:
        return 0


class _WithoutFolders(faust.App):
    """Makes none of the folders that Faust keeps tables in: a killed process would leave them."""

    def _create_directories(self) -> None:
        """Make nothing."""


def credentials_of(settings: KafkaSettings) -> CredentialsT | None:
    """Return what Faust is told about TLS and SASL; it makes its clients itself."""
    told = security_of(settings)
    if "sasl_mechanism" in told:
        return faust.SASLCredentials(
            mechanism=told["sasl_mechanism"],
            username=told["sasl_plain_username"],
            password=told["sasl_plain_password"],
            ssl_context=told["ssl_context"],
        )
    return faust.SSLCredentials(told["ssl_context"]) if told else None


def new_app(name: str, settings: KafkaSettings) -> faust.App:
    """Return a Faust app with the settings that each kind of broker needs; it keeps no tables.

    It declares no topics: those of ours are made by `ensure_topics`.
    """
    embedded = settings.is_embedded
    return _WithoutFolders(
        f"daybook-{name}",
        broker=[f"aiokafka://{address}" for address in settings.bootstrap.split(",")],
        broker_credentials=credentials_of(settings),
        loop=asyncio.get_running_loop(),
        store="memory://",
        # It cannot be made: should Faust ever come to want it, the start says so.
        datadir=f"{os.devnull}/faust",
        processing_guarantee="at_least_once",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_ack_cancelled_tasks=False,
        stream_ack_exceptions=False,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=5_000 if embedded else 60_000,
        broker_commit_interval=1.0,
        broker_commit_every=1_000,
        broker_session_timeout=10.0 if embedded else 30.0,
        broker_heartbeat_interval=1.0 if embedded else 3.0,
        broker_rebalance_timeout=30.0 if embedded else 60.0,
        broker_request_timeout=30.0,
    )
