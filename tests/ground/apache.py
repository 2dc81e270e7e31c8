"""Apache Kafka stands where the embedded broker does: one node, empty at every start."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cli.local.environment import bare
from cli.local.kafka import Node, refuse_missing_kafka
from shared.settings import KafkaSettings
from tests.ground.broker import Broker, free_port
from tests.ground.children import spawn

READY_WITHIN_SECONDS = 60.0
# So that a test need not wait for the partitions of a dead process as long as production may.
SESSION_TIMEOUT_MS = 3_000


class ApacheBroker(Broker):
    """One node of Apache Kafka, used like the embedded broker."""

    def __init__(self, folder: Path, formed: Path) -> None:
        super().__init__()
        self._node = Node(folder, self._ports.broker, free_port())
        self._formed = formed

    @property
    def settings(self) -> KafkaSettings:
        """The settings of a process that uses it."""
        return KafkaSettings(
            mode="kafka",
            bootstrap=self.bootstrap,
            replication=1,
            fetch_max_wait_ms=20,
            session_timeout_ms=SESSION_TIMEOUT_MS,
        )

    def begin(self) -> None:
        """Let it start, empty; call from the main thread."""
        shutil.rmtree(self._node.data, ignore_errors=True)
        self._node.write_properties(self._node.data)
        shutil.copytree(self._formed, self._node.data)
        self._process = spawn(self._node.command, signal.SIGKILL)

    def await_ready(self) -> None:
        """Return when it serves; from any thread."""
        assert self._process is not None
        await_brokers(self.bootstrap, [self._process])


def form(node: Node, cluster: UUID | None = None) -> None:
    """Make the node's data folder."""
    node.write_properties(node.data)
    command = node.format_command(cluster or uuid4(), node.data)
    subprocess.run(command, env=bare(), check=True, capture_output=True)  # noqa: S603 - our own


def await_brokers(bootstrap: str, processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait until a client is told of as many brokers as there are processes."""
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while _brokers(client) < len(processes):
        if time.monotonic() > deadline or any(each.poll() is not None for each in processes):
            raise RuntimeError("Apache Kafka does not start")
        time.sleep(0.01)


def _brokers(client: AdminClient) -> int:
    try:
        return len(client.list_topics(timeout=1).brokers)
    except KafkaException:
        return 0


def formed_data(folder: Path) -> Path:
    """Return a data folder as a node has it that never ran; nodes begin with a copy."""
    refuse_missing_kafka()
    node = Node(folder, 1, 2)
    form(node)
    return node.data


@contextmanager
def a_node(formed: Path) -> Iterator[Broker]:
    """Run one node for as long as the body of the `with`."""
    with tempfile.TemporaryDirectory(prefix="daybook-kafka-") as folder:
        its = ApacheBroker(Path(folder), formed)
        its.start()
        try:
            yield its
        finally:
            its.kill()
