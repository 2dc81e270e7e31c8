"""The truth server of a test runs under the product's own supervisor, on a disk of the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from cli.local.machine import postgres_program
from cli.local.program import Tier
from cli.local.supervisor import Supervisor
from shared.clock import SystemClock
from tests.ground.servers import Servers
from tests.ground.small_disk import SmallDisk


class Told:
    """What the supervisor said to whoever looks at the screen."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def tell(self, sentence: str) -> None:
        """Keep it."""
        self.sentences.append(sentence)

    def on_change(self) -> None:
        """Nothing to keep."""

    def answers_again(self) -> bool:
        """Say whether the server's last word is that it is back."""
        return self.sentences[-1:] == ["truth answers again"]


@asynccontextmanager
async def truth_on(disk: SmallDisk, servers: Servers, logs: Path) -> AsyncIterator[Told]:
    """Move the truth server to this disk and keep it running as `daybook up` does."""
    servers.stop("truth")
    moved = replace(servers.server("truth"), data=disk.folder / "truth")
    servers.copy("truth", moved.data)
    told = Told()
    supervisor = Supervisor(logs, told, SystemClock())
    try:
        await supervisor.start(postgres_program(moved))
        yield told
    finally:
        await supervisor.stop(Tier.POSTGRES)
