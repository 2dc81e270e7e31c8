"""What lies on Kafka is read from the first record on, as any Kafka client reads it."""

import time
from collections import Counter

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from shared.messaging.topics import CUSTOMERS
from tests.journeys.living import WITHIN_SECONDS, Living


def records_of(living: Living, wanted: Counter[str]) -> list[Message]:
    """Return the records on the way to so many events of each of these customers.

    Nothing is waited for between two records: the other journeys may have left thousands.
    """
    consumer = Consumer({"bootstrap.servers": living.ports.bootstrap, "group.id": "a test"})
    records: list[Message] = []
    missing = +wanted
    deadline = time.monotonic() + WITHIN_SECONDS
    try:
        places = range(CUSTOMERS.partitions)
        consumer.assign([TopicPartition(CUSTOMERS.name, p, OFFSET_BEGINNING) for p in places])
        while missing:
            assert time.monotonic() < deadline, f"{missing} are not among {len(records)} records"
            if (record := consumer.poll(0.1)) is not None:
                assert record.error() is None, record.error()
                records.append(record)
                missing -= Counter([(record.key() or b"").decode()])
        return records
    finally:
        consumer.close()
