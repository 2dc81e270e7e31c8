"""An Apache Kafka node is a folder, two ports and a command; what it runs was tried before."""

import hashlib
import os
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cli.local.paths import PROJECT
from cli.local.ports import LOOPBACK
from shared.errors import UnavailableError

JARS = PROJECT / "build" / "kafka"
TRIED = PROJECT / "deploy" / "kafka" / "jars.sha256"
FETCH = "sudo apt-get install default-jdk-headless maven && make up BROKER=kafka"
# A quick start and little memory matter more here than the last tenth of throughput.
JAVA = ("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
QUIET = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)


@dataclass(frozen=True, slots=True)
class Node:
    """One node, broker and controller in one process.

    `voters` are the controllers of the cluster by node id; a node alone is its own.
    `more` overrules or adds to its settings.
    """

    folder: Path
    port: int
    controller_port: int
    id: int = 1
    voters: Mapping[int, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """Where its log lies."""
        return self.folder / "data"

    @property
    def command(self) -> tuple[str, ...]:
        """What runs it, in the foreground."""
        return (*_java(), "kafka.Kafka", str(self._properties_file(self.data)))

    def format_command(self, cluster: UUID, draft: Path) -> tuple[str, ...]:
        """Return what makes a new data folder at `draft`, as part of that cluster."""
        name = urlsafe_b64encode(cluster.bytes).decode().rstrip("=")
        tool = ("kafka.tools.StorageTool", "format", f"--cluster-id={name}")
        return (*_java(), *tool, f"--config={self._properties_file(draft)}")

    def write_properties(self, data: Path) -> None:
        """Write the settings of the node with that data folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = "".join(f"{name}={value}\n" for name, value in self._properties(data).items())
        self._properties_file(data).write_text(text)

    def _properties_file(self, data: Path) -> Path:
        return self.folder / f"{data.name}.properties"

    def _properties(self, data: Path) -> dict[str, str]:
        broker, controller = f"{LOOPBACK}:{self.port}", f"{LOOPBACK}:{self.controller_port}"
        voters = self.voters or {self.id: controller}
        copies = str(min(3, len(voters)))
        return {
            "process.roles": "broker,controller",
            "node.id": str(self.id),
            "controller.quorum.voters": ",".join(f"{n}@{at}" for n, at in voters.items()),
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(data),
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": "2" if len(voters) > 1 else "1",
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": "4",
            # Nobody waits for members that might come; tests notice dead ones sooner than 6 s.
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            # A node that was killed is not let in again before its session has ended.
            "broker.session.timeout.ms": "4000",
            "broker.heartbeat.interval.ms": "500",
            # One machine has few clients and few cores.
            "num.network.threads": "2",
            "num.io.threads": "4",
            "log.cleaner.dedupe.buffer.size": "16777216",
            **self.more,
        }


def refuse_missing_kafka(jars: Path = JARS, path: str | None = None) -> None:
    """Raise UnavailableError unless Java and the jars that were tried are here."""
    if shutil.which("java", path=path) is None:
        raise UnavailableError("Apache Kafka needs Java 17 or newer, and there is none.", fix=FETCH)
    lines = map(str.split, TRIED.read_text().splitlines())
    tried = {name: digest for digest, name in lines}
    found = {jar.name: _sha256(jar) for jar in jars.glob("*.jar")}
    if not found:
        raise UnavailableError("Apache Kafka is not in build/kafka.", fix="make up BROKER=kafka")
    if found != tried:
        odd = min(name for name, _ in found.items() ^ tried.items())
        raise UnavailableError(
            f"The jars in build/kafka are not those that Daybook was tried with ({odd}).",
            fix="rm -r build/kafka && make up BROKER=kafka",
        )


def _java() -> tuple[str, ...]:
    """Return the start of a command; of everything on the class path, exactly our jars."""
    return ("java", *JAVA, *QUIET, "-cp", os.fspath(JARS / "*"))


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
