"""Three nodes of Apache Kafka, each record on all three; any of them can be killed or cut off."""

import asyncio
import signal
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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
# On a machine where much else runs, and no longer than a node that is cut off may hold up.
ANSWER_WITHIN_SECONDS = 5
CLIENTS = "127.0.9.9"
STOP_WITHIN_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class View:
    """What one node says: who is there, and for each partition who leads it and has all of it."""

    nodes: frozenset[int] = frozenset()
    partitions: Mapping[tuple[str, int], tuple[int, frozenset[int]]] = field(default_factory=dict)

    def leader(self, topic: str, partition: int) -> int:
        """Return who leads the partition, 0 if the node does not know."""
        return self.partitions.get((topic, partition), (0, frozenset[int]()))[0]

    @property
    def is_in_sync(self) -> bool:
        """Whether all nodes are there and each has everything."""
        have = {have for _, have in self.partitions.values()}
        return self.nodes == set(IDS) and have == {self.nodes}


class ThreeNodes:
    """A cluster; nodes reach each other, and clients reach them, through a crossing only.

    A node knows the others by name, and each has its own file that says where such a name is.
    """

    def __init__(self, folder: Path) -> None:
        self._pids: dict[int, int] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._crossing = Crossing()
        self._folder = folder
        self._ports = {n: free_port() for n in IDS}
        peers, controllers = ({n: free_port() for n in IDS} for _ in range(2))
        voters = {n: f"{_name(n)}:{controllers[n]}" for n in IDS}
        for n in IDS:
            self._crossing.open([n], self._ports[n], CLIENTS)
            for other in set(IDS) - {n}:
                for port in (peers[other], controllers[other]):
                    self._crossing.open([n, other], port, _address(n, other))
        self._nodes = {
            n: Node(
                folder / str(n), self._ports[n], controllers[n], n, voters,
                SOON | _listeners(n, self._ports[n], peers[n], controllers[n]),
            )
            for n in IDS
        }  # fmt: skip

    @property
    def settings(self) -> KafkaSettings:
        """The settings of a process that uses the cluster."""
        bootstrap = ",".join(f"{CLIENTS}:{port}" for port in self._ports.values())
        return KafkaSettings(
            mode="kafka", bootstrap=bootstrap, replication=3, session_timeout_ms=SESSION_TIMEOUT_MS
        )

    def make(self) -> None:
        """Form the cluster and start it."""
        cluster = uuid4()
        for node in self._nodes.values():
            form(node, cluster)
        for n in IDS:
            where = (f"{LOOPBACK if n == m else _address(n, m)} {_name(m)}\n" for m in IDS)
            self._hosts(n).write_text("".join(where))
            self.start(n)
        await_brokers(self.settings.bootstrap, list(self._processes.values()))

    def start(self, n: int) -> None:
        """Start a node that does not run, with the data that it has."""
        java, *rest = self._nodes[n].command
        hosts = f"-Djdk.net.hosts.file={self._hosts(n)}"
        self._processes[n] = spawn([java, hosts, *rest], signal.SIGKILL)
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
        """Return the node that leads the partition, once all others say that it is another one."""
        others = set(IDS) - {other_than}
        leaders: set[int] = set()

        async def is_led() -> bool:
            views = await self._views(others)
            leaders.clear()
            leaders.update(view.leader(topic, partition) for view in views)
            return len(leaders) == 1 and leaders < others

        await self._until(is_led, f"that another node than {other_than} leads", others)
        return leaders.pop()

    async def are_in_sync(self) -> None:
        """Return once every partition lies whole on all three, by what each of them says.

        A node that has just begun may tell for a moment how things were before it ended.
        """

        async def is_so() -> bool:
            return all(view.is_in_sync for view in await self._views(IDS))

        await self._until(is_so, "that all nodes have everything", IDS)

    async def _until(
        self, condition: Callable[[], Awaitable[bool]], what: str, nodes: Collection[int]
    ) -> None:
        try:
            await until(condition, IN_SYNC_WITHIN_SECONDS, what=what)
        except AssertionError as error:
            for n, view in zip(nodes, await self._views(nodes), strict=True):
                error.add_note(f"node {n}, ended {self._processes[n].poll()}: {view}")
            raise

    async def _views(self, nodes: Collection[int]) -> "list[View]":
        return await asyncio.gather(*(asyncio.to_thread(self._view, n) for n in nodes))

    def _view(self, n: int) -> "View":
        """Return what this node says of the cluster; nothing if it does not answer."""
        client = AdminClient({"bootstrap.servers": f"{CLIENTS}:{self._ports[n]}", "log_level": 0})
        try:
            answer = client.list_topics(timeout=ANSWER_WITHIN_SECONDS)
        except KafkaException:
            return View()
        # A client that knows the others already might have asked one of them.
        if answer.orig_broker_id not in {n, -1}:
            return View()
        return View(
            frozenset(answer.brokers),
            {
                (name, p): (its.leader, frozenset(its.isrs))
                for name, topic in answer.topics.items()
                for p, its in topic.partitions.items()
            },
        )

    def end(self) -> None:
        """End everything at once."""
        for n in list(self._pids):
            self.kill(n)
        self._crossing.close()

    def _hosts(self, n: int) -> Path:
        return self._folder / f"{n}.hosts"


def _name(n: int) -> str:
    return f"node-{n}"


def _address(asking: int, asked: int) -> str:
    """Return where one node reaches another: all of 127.0.0.0/8 is loopback."""
    return f"127.0.{asking}.{asked}"


def _listeners(n: int, clients: int, peers: int, controllers: int) -> dict[str, str]:
    """Return where a node listens, and where it tells clients and the other nodes to go."""
    listening = {"CLIENTS": clients, "PEERS": peers, "CONTROLLER": controllers}
    return {
        "listeners": ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in listening.items()),
        "advertised.listeners": f"CLIENTS://{CLIENTS}:{clients},PEERS://{_name(n)}:{peers}",
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listening),
        "inter.broker.listener.name": "PEERS",
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
