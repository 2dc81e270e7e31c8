"""Three nodes of Apache Kafka, each record on all three; any of them can be killed or cut off."""

import asyncio
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cli.local.kafka import Node, refuse_missing_kafka
from cli.local.ports import LOOPBACK
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.ground.apache import SESSION_TIMEOUT_MS, await_brokers, form
from tests.ground.broker import free_port
from tests.ground.children import spawn
from tests.ground.crossing import Crossing

IDS = (1, 2, 3)
# So that a test need not wait as long as production may.
SOON = {
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "3000",
    "controller.quorum.fetch.timeout.ms": "1500",
    "controller.quorum.request.timeout.ms": "1500",
}
IN_SYNC_WITHIN_SECONDS = 180.0
STOP_WITHIN_SECONDS = 20.0


class ThreeNodes:
    """A cluster whose every listener lies behind a crossing."""

    def __init__(self, folder: Path) -> None:
        self._pids: dict[int, int] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._crossing = Crossing(self._pids)
        ports = {n: (free_port(), free_port()) for n in IDS}
        self._advertised = {n: f"{LOOPBACK}:{self._crossing.open(n, ports[n][0])}" for n in IDS}
        voters = {n: f"{LOOPBACK}:{self._crossing.open(n, ports[n][1])}" for n in IDS}
        self._nodes = {
            n: Node(folder / str(n), *ports[n], n, voters, self._advertised[n], SOON) for n in IDS
        }

    @property
    def settings(self) -> KafkaSettings:
        """The settings of a process that uses the cluster."""
        bootstrap = ",".join(self._advertised.values())
        return KafkaSettings(
            mode="kafka", bootstrap=bootstrap, replication=3, session_timeout_ms=SESSION_TIMEOUT_MS
        )

    def make(self) -> None:
        """Form the cluster and start it."""
        cluster = uuid4()
        for node in self._nodes.values():
            form(node, cluster)
        for n in IDS:
            self.start(n)
        await_brokers(self.settings.bootstrap, list(self._processes.values()))

    def start(self, n: int) -> None:
        """Start a node that does not run, with the data that it has."""
        self._processes[n] = spawn(self._nodes[n].command, signal.SIGKILL)
        self._pids[n] = self._processes[n].pid

    def kill(self, n: int) -> None:
        """End a node at once (kill -9)."""
        self._processes[n].kill()
        self._processes[n].wait()
        del self._pids[n]

    async def stop(self, n: int) -> None:
        """Ask a node to hand over what it leads and to end."""
        process = self._processes[n]
        process.terminate()
        ended = asyncio.to_thread(process.wait, STOP_WITHIN_SECONDS)
        assert await ended in {0, 128 + signal.SIGTERM}
        del self._pids[n]

    def cut_off(self, n: int) -> None:
        """Let a node neither reach anybody nor be reached."""
        self._crossing.cut_off(n)

    def join(self, n: int) -> None:
        """Let it back in."""
        self._crossing.join(n)

    async def leader(self, topic: str, other_than: int = 0, partition: int = 0) -> int:
        """Return the node that leads the partition, once it is another one."""
        leaders: list[int] = []

        async def is_led() -> bool:
            layout = await asyncio.to_thread(self._layout)
            leaders[:] = [layout[topic][partition][0]] if topic in layout else []
            return bool(leaders) and leaders[0] in set(IDS) - {other_than}

        await until(is_led, IN_SYNC_WITHIN_SECONDS, what="that another node leads")
        return leaders[0]

    async def are_in_sync(self) -> None:
        """Return once every partition lies whole on all three."""

        async def is_so() -> bool:
            layout = await asyncio.to_thread(self._layout)
            spread = [s for parts in layout.values() for _, s in parts.values()]
            return bool(spread) and set(spread) == {len(IDS)}

        await until(is_so, IN_SYNC_WITHIN_SECONDS, what="that all nodes have everything")

    def end(self) -> None:
        """End everything at once."""
        for n in list(self._pids):
            self.kill(n)
        self._crossing.close()

    def _layout(self) -> dict[str, dict[int, tuple[int, int]]]:
        """Return leader and number of copies in sync of each partition; empty if nobody answers."""
        client = AdminClient({"bootstrap.servers": self.settings.bootstrap, "log_level": 0})
        try:
            topics = client.list_topics(timeout=5).topics
        except KafkaException:
            return {}
        return {
            name: {p: (its.leader, len(its.isrs)) for p, its in topic.partitions.items()}
            for name, topic in topics.items()
        }


@contextmanager
def three_nodes_running() -> Iterator[ThreeNodes]:
    """Run a cluster for as long as the body of the `with`."""
    refuse_missing_kafka()
    with tempfile.TemporaryDirectory(prefix="daybook-kafka-") as folder:
        its = ThreeNodes(Path(folder))
        try:
            its.make()
            yield its
        finally:
            its.end()
