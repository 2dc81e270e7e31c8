"""A Kafka-protocol broker stands on a port that was free; killed and started again it is empty."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice

from cli.local import broker
from cli.local.ports import Ports, is_free
from shared.settings import KafkaSettings
from tests.ground.children import spawn

READY_WITHIN_SECONDS = 30.0
FIRST_PORT, LAST_PORT = 10_000, 20_000

# The processes of one run begin a quarter of the range apart, two runs at the same time elsewhere.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS = islice(
    cycle(range(FIRST_PORT, LAST_PORT)), (_WORKER * 2_500 + os.getpid() * 97) % 10_000, None
)


class Broker:
    """One embedded broker."""

    def __init__(self) -> None:
        # The broker's port decides where its ports begin, so that the real command is used.
        self._ports = Ports(free_port() - Ports(0).broker)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where a client starts."""
        return self._ports.bootstrap

    @property
    def settings(self) -> KafkaSettings:
        """The settings of a process that uses it."""
        return KafkaSettings(mode="embedded", bootstrap=self.bootstrap)

    def start(self) -> None:
        """Start it, empty, on its port; return when it serves."""
        self.begin()
        self.await_ready()

    async def start_again(self) -> None:
        """Do the same while what runs in this loop goes on."""
        self.begin()
        await asyncio.to_thread(self.await_ready)

    def begin(self) -> None:
        """Let it start, empty; call from the main thread."""
        self._process = spawn(broker.command(self._ports), signal.SIGKILL)

    def await_ready(self) -> None:
        """Return when it serves; from any thread."""
        assert self._process is not None
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("the broker does not start")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once (kill -9): everything on it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self._ports.broker)) == 0


def free_port() -> int:
    """Return a port that nobody listens on, and that no connection is given before it is used.

    It lies below those that the kernel gives to whoever connects; each test process looks
    elsewhere.
    """
    for port in _PORTS:
        if is_free(port):
            return port
    raise AssertionError("no free port")


@contextmanager
def one_broker() -> Iterator[Broker]:
    """Run a broker for as long as the body of the `with`."""
    its = Broker()
    its.start()
    try:
        yield its
    finally:
        its.kill()
