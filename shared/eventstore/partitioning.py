"""Everything about one subject goes to one partition, the one that Kafka's own clients pick."""

from struct import unpack_from

SEED = 0x9747B28C
MULTIPLIER = 0x5BD1E995
MASK = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """Return Kafka's 32-bit murmur2 of the key, unsigned (org.apache.kafka.common.utils.Utils)."""
    length = len(key)
    words = length // 4
    digest = SEED ^ length
    for word in unpack_from(f"<{words}I", key):
        mixed = word * MULTIPLIER & MASK
        mixed = (mixed ^ mixed >> 24) * MULTIPLIER & MASK
        digest = digest * MULTIPLIER & MASK ^ mixed
    rest = key[words * 4 :]
    if rest:
        digest = (digest ^ int.from_bytes(rest, "little")) * MULTIPLIER & MASK
    digest = (digest ^ digest >> 13) * MULTIPLIER & MASK
    return digest ^ digest >> 15


def partition_of(subject: str, partitions: int) -> int:
    """Return the partition (from 0) of a subject among `partitions`."""
    return (murmur2(subject.encode()) & 0x7FFFFFFF) % partitions
