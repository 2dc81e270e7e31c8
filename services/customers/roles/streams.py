"""The streams role: live figures, made by a Faust worker in a process of its own."""

import asyncio
import logging

from services.customers.roles.process import FOLLOWED, SERVICE, Process
from services.customers.streams.activity import NAME, Activity, latest_activity
from shared.errors import UnavailableError
from shared.messaging.publishing import Publisher
from shared.messaging.streams import LiveStream
from shared.messaging.topics import ACTIVITY, CUSTOMERS, ensure_topics
from shared.settings import KafkaSettings

AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


async def add_streams(process: Process) -> None:
    """Let the process count live activity."""
    publisher = Publisher(process.kafka, ACTIVITY, SERVICE)
    process.opened.push_async_callback(publisher.close)
    activity = Activity(
        lambda: latest_activity(process.kafka, ACTIVITY, process.clock), publisher, process.clock
    )
    stream = LiveStream(
        NAME, CUSTOMERS, FOLLOWED.source, activity, process.kafka, process.clock, process.metrics
    )
    process.readiness.works.append(stream.work)

    async def run(stop: asyncio.Event) -> None:
        await _make_topic(process.kafka, stop)
        if not stop.is_set():
            await stream.run(stop)

    process.runs.append(run)


async def _make_topic(settings: KafkaSettings, stop: asyncio.Event) -> None:
    """Make the topic that we publish on; the relay makes the one that we read."""
    while not stop.is_set():
        try:
            await ensure_topics(settings, [ACTIVITY])
        except UnavailableError as error:
            log.warning("the broker does not answer yet", extra={"problem": error.detail})
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return
