"""The node of docker-compose.yml is one that Apache Kafka starts, and that our topics fit on."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from cli.local.environment import bare
from cli.local.kafka import Node
from shared.messaging.clients import broker_answers
from shared.messaging.topics import ACCESS, ACTIVITY, CUSTOMERS, ensure_topics
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.deploy.composed import composed, of_role
from tests.ground.broker import free_port
from tests.ground.children import spawn

# What the image's start script takes for itself; all else it writes into Kafka's settings.
OF_THE_SCRIPT = {"CLUSTER_ID", "KAFKA_HEAP_OPTS"}


def properties(node: Node) -> str:
    """Return what the image makes of the container's environment, moved to this machine."""
    moved = {
        "PLAINTEXT://:9092": f"PLAINTEXT://127.0.0.1:{node.port}",
        "CONTROLLER://:9093": f"CONTROLLER://127.0.0.1:{node.controller_port}",
        "kafka:9092": f"127.0.0.1:{node.port}",
        "kafka:9093": f"127.0.0.1:{node.controller_port}",
        "/var/lib/kafka/data": str(node.data),
    }
    lines = []
    for name, told in composed()["kafka"].environment.items():
        if name not in OF_THE_SCRIPT:
            value = told
            for there, here in moved.items():
                value = value.replace(there, here)
            lines.append(f"{name.removeprefix('KAFKA_').lower().replace('_', '.')}={value}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    node = Node(tmp_path / "node", free_port(), free_port())
    node.write_properties(node.data)
    Path(node.command[-1]).write_text(properties(node))
    cluster = composed()["kafka"].environment["CLUSTER_ID"]
    form = [
        f"--cluster-id={cluster}" if word.startswith("--cluster-id") else word
        for word in node.format_command(UUID(int=0), node.data)
    ]
    subprocess.run(form, env=bare(), check=True, capture_output=True)  # noqa: S603 - our own
    process = spawn(node.command, signal.SIGKILL)
    try:
        yield f"127.0.0.1:{node.port}"
    finally:
        process.kill()
        process.wait()


async def test_it_starts_and_takes_our_topics_and_no_others(bootstrap: str) -> None:
    replication = of_role("relay").environment["DAYBOOK_KAFKA_REPLICATION"]
    settings = KafkaSettings(mode="kafka", bootstrap=bootstrap, replication=int(replication))

    async def answers() -> bool:
        return await broker_answers(settings)

    await until(answers, 60, what="that the node answers")
    topics = [CUSTOMERS, ACCESS, ACTIVITY]
    assert await ensure_topics(settings, topics) == [topic.name for topic in topics]
    assert await ensure_topics(settings, topics) == []
