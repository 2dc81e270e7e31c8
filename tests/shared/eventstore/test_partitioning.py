"""A subject's partition is the one that Kafka's own clients would pick."""

import random

import pytest
from aiokafka.partitioner import DefaultPartitioner

from shared.eventstore.partitioning import partition_of

# From the tests of org.apache.kafka.common.utils.Utils (signed there).
OF_APACHE_KAFKA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "signed"), OF_APACHE_KAFKA.items())
def test_the_hash_is_the_one_that_apache_kafka_tests_its_own_with(key: bytes, signed: int) -> None:
    assert partition_of(key.decode(), 2**31 - 1) == (signed & 0x7FFFFFFF) % (2**31 - 1)


def test_the_partition_is_the_one_that_the_python_client_would_choose(
    dice: random.Random,
) -> None:
    choose = DefaultPartitioner()
    for _ in range(3_000):
        subject = "".join(dice.choices("abcdef0123456789-äß漢", k=dice.randint(1, 40)))
        partitions = dice.randint(1, 50)
        chosen = choose(subject.encode(), list(range(partitions)), [])
        assert partition_of(subject, partitions) == chosen


def test_many_subjects_are_spread_over_all_partitions(dice: random.Random) -> None:
    counts = [0] * 12
    for _ in range(12_000):
        counts[partition_of(str(dice.getrandbits(128)), 12)] += 1
    assert min(counts) > 800
