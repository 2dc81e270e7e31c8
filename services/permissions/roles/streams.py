"""The streams role: unusual access is told, by a Faust worker in a process of its own."""

from services.permissions.roles.service import SERVICE
from services.permissions.streams.habits import Habits, UnusualSettings
from services.permissions.streams.unusual import NAME, UnusualAccess
from shared.messaging.publishing import Publisher
from shared.messaging.streams import LiveStream
from shared.messaging.topics import ACCESS, ALERTS
from shared.service.process import Process
from shared.service.streaming import run_stream


async def add_streams(process: Process) -> None:
    """Let the process look at the records of every service."""
    publisher = Publisher(process.kafka, ALERTS, SERVICE.name)
    process.opened.push_async_callback(publisher.close)
    unusual = UnusualAccess(Habits(UnusualSettings()), publisher, process.clock, process.metrics)
    stream = LiveStream(
        NAME, ACCESS, SERVICE.source, unusual, process.kafka, process.clock, process.metrics
    )
    run_stream(process, stream)
