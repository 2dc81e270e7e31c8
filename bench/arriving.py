"""Tells of each event of a topic when one bare consumer had it, and does nothing else with it.

Run as `python -m bench.arriving BOOTSTRAP TOPIC`, for a topic of one partition; begins at its end.
Prints `ready`, then a line per event: its stream, its type, when it was recorded, when it came.
"""

import sys

import uvloop
from aiokafka import TopicPartition

from shared.clock import SystemClock
from shared.messaging.clients import new_consumer
from shared.settings import KafkaSettings


async def tell(bootstrap: str, topic: str) -> None:
    """Tell until the process is ended."""
    clock, its = SystemClock(), TopicPartition(topic, 0)
    consumer = new_consumer(KafkaSettings(mode="embedded", bootstrap=bootstrap))
    await consumer.start()
    consumer.assign([its])
    await consumer.seek_to_end(its)
    await consumer.position(its)
    print("ready", flush=True)
    async for record in consumer:
        came = clock.now().isoformat()
        told = {name: value.decode() for name, value in record.headers}
        print(told["ce_subject"], told["ce_type"], told["ce_time"], came, flush=True)


if __name__ == "__main__":
    uvloop.run(tell(*sys.argv[1:]))
