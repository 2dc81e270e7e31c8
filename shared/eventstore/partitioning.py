"""Everything about one subject goes to one partition, the one that Kafka's own clients pick."""

from confluent_kafka import murmur2


def partition_of(subject: str, partitions: int) -> int:
    """Return the partition (from 0) of a subject among `partitions`.

    Kafka's default: its 32-bit murmur2 of the key (org.apache.kafka.common.utils.Utils), made
    positive, modulo the partitions.
    """
    return int(murmur2(subject.encode(), partitions))
