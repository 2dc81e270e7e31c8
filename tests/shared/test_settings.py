"""What a process is told of its surroundings is what whoever runs it wanted."""

from shared.messaging.clients import EMBEDDED_WAIT_MS, WAIT_MS, new_consumer
from shared.settings import KafkaSettings


async def waits_ms(settings: KafkaSettings) -> object:
    consumer = new_consumer(settings)
    await consumer.stop()
    return consumer._fetch_max_wait_ms  # noqa: SLF001 - aiokafka tells nobody


async def test_a_reader_whom_nobody_waits_for_asks_the_embedded_broker_more_rarely() -> None:
    embedded = KafkaSettings(mode="embedded")
    assert await waits_ms(embedded) == EMBEDDED_WAIT_MS
    assert await waits_ms(embedded.unhurried(250)) == 250


async def test_apache_kafka_answers_at_once_so_nobody_asks_it_otherwise() -> None:
    assert await waits_ms(KafkaSettings(mode="kafka").unhurried(250)) == WAIT_MS


async def test_how_long_a_fetch_waits_stays_as_it_was_set() -> None:
    for mode in ("embedded", "kafka"):
        settings = KafkaSettings(mode=mode, fetch_max_wait_ms=7)
        assert await waits_ms(settings.unhurried(250)) == 7
