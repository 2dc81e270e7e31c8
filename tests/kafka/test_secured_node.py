"""A node that wants TLS and a password gets both from every client of ours, and serves no other."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from cli.local.kafka import Node
from shared.clock import SystemClock
from shared.errors import UnavailableError
from shared.messaging.clients import broker_answers, new_consumer, start_consumer
from shared.messaging.faust_app import is_started, new_app
from shared.messaging.publishing import Derived, Publisher
from shared.messaging.topics import Topic, ensure_topics
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.ground.apache import form
from tests.ground.broker import free_port
from tests.ground.children import spawn
from tests.ground.connections import all_closed_at_the_end
from tests.ground.events import an_event
from tests.ground.tls import Certificate, certificate_in

USER, PASSWORD = "daybook", "only-for-this-test"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


def secured(node: Node, certificate: Certificate) -> Node:
    """Return the node with one listener for clients, by TLS and password."""
    at = f"127.0.0.1:{node.port}"
    jaas = f'{PLAIN} required username="{USER}" password="{PASSWORD}" user_{USER}="{PASSWORD}";'
    more = {
        "listeners": f"SASL_SSL://{at},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": f"SASL_SSL://{at}",
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SASL_SSL",
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": jaas,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificate.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificate.certificate),
    }
    return replace(node, more=more)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[KafkaSettings]:
    certificate = certificate_in(tmp_path)
    node = secured(Node(tmp_path / "node", free_port(), free_port()), certificate)
    form(node)
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    process = spawn(node.command, signal.SIGKILL)
    try:
        yield KafkaSettings(
            mode="kafka",
            bootstrap=f"127.0.0.1:{node.port}",
            replication=1,
            security_protocol="SASL_SSL",
            ca_file=certificate.certificate,
            sasl_mechanism="PLAIN",
            sasl_username=USER,
            sasl_password_file=password,
        )
    finally:
        process.kill()
        process.wait()


async def test_every_client_signs_in_by_tls_and_whoever_does_not_is_refused(
    settings: KafkaSettings, tmp_path: Path
) -> None:
    async with all_closed_at_the_end():
        await _every_client_signs_in(settings, tmp_path)


async def _every_client_signs_in(settings: KafkaSettings, tmp_path: Path) -> None:
    async def answers() -> bool:
        return await broker_answers(settings)

    await until(answers, 60, what="that the node answers")
    topic = Topic("secured.v1", 1)
    assert await ensure_topics(settings, [topic]) == [topic.name]

    publisher = Publisher(settings, topic, "customers")
    event = an_event()
    await publisher.publish([Derived(0, "one", event, SystemClock().now())])
    await publisher.close()
    consumer = new_consumer(settings, group=f"secured-{uuid4()}")
    consumer.subscribe([topic.name])
    await start_consumer(consumer)
    assert (await asyncio.wait_for(consumer.getone(), 60)).value == event.data
    await consumer.stop()

    app = new_app("secured", settings)
    assert await is_started(app, asyncio.Event())
    await app.stop()

    (tmp_path / "wrong").write_text("guessed")
    for changed in (
        {"security_protocol": "PLAINTEXT"},
        {"ca_file": None},
        {"sasl_password_file": tmp_path / "wrong"},
    ):
        other = settings.model_copy(update=changed)
        assert not await broker_answers(other)
        with pytest.raises(UnavailableError):
            await ensure_topics(other, [topic])
