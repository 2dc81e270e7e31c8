"""The streams role: live figures, made by a Faust worker in a process of its own."""

from services.customers.roles.service import FOLLOWED, SERVICE
from services.customers.streams.activity import NAME, Activity, latest_activity
from shared.messaging.publishing import Publisher
from shared.messaging.streams import LiveStream
from shared.messaging.topics import ACTIVITY, CUSTOMERS
from shared.service.process import Process
from shared.service.streaming import run_stream


async def add_streams(process: Process) -> None:
    """Let the process count live activity."""
    publisher = Publisher(process.kafka, ACTIVITY, SERVICE.name)
    process.opened.push_async_callback(publisher.close)
    activity = Activity(
        lambda: latest_activity(process.kafka, ACTIVITY, process.clock), publisher, process.clock
    )
    stream = LiveStream(
        NAME, CUSTOMERS, FOLLOWED.source, activity, process.kafka, process.clock, process.metrics
    )
    run_stream(process, stream)
