"""For a minute, or for days (SECONDS), everything breaks while sixteen clients write.

What was promised is counted after every turn of incidents. A system that has grown large makes
place for a new one, or counting it would take longer than breaking it.
"""

import asyncio
import math
import os
from pathlib import Path
from random import Random

import pytest

from tests.faults.conftest import a_ground
from tests.ground.broker import Broker, one_broker
from tests.ground.servers import Servers, three_servers
from tests.soak.clients import Clients
from tests.soak.counting import nothing_is_missing
from tests.soak.ending import Ending, ending_after
from tests.soak.incidents import Incidents

SECONDS = float(os.environ.get("DAYBOOK_SOAK_SECONDS") or math.inf)
LARGE_EVENTS = 50_000
NEVER = 0

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(NEVER if math.isinf(SECONDS) else SECONDS * 2 + 600),
]


class Soak:
    """One system after the other, and what happened to them all."""

    def __init__(self, dice: Random, ending: Ending, screen: pytest.CaptureFixture[str]) -> None:
        self._dice = dice
        self._ending = ending
        self._screen = screen
        self.incidents = self.answered = self.repeated = 0

    @property
    def is_over(self) -> bool:
        """Whether to end; only who presses Ctrl-C gets less than a whole turn."""
        return self._ending.is_asked_for or (self.incidents > 0 and self._ending.is_here)

    async def one_system(self, servers: Servers, broker: Broker, folder: Path) -> None:
        """Break one system, turn by turn, until it is large or the soak ends."""
        async with a_ground(servers.databases, broker, folder) as ground:
            clients = Clients(ground, self._dice)
            incidents = Incidents(ground, servers, clients)
            await incidents.begin()
            is_large = False
            while not (is_large or self.is_over):
                answered, repeated = clients.answered, clients.repeated
                await self._turn(clients, incidents)
                self.answered += clients.answered - answered
                self.repeated += clients.repeated - repeated
                await nothing_is_missing(ground.house, clients)
                self._say(
                    f"{self.incidents} incidents, {self.answered} commands answered,"
                    f" {self.repeated} repeated; 0 missing, 0 twice"
                )
                is_large = sum((await ground.house.stored()).values()) > LARGE_EVENTS

    async def _turn(self, clients: Clients, incidents: Incidents) -> None:
        """Let each incident happen once, in an order that is another every time."""
        async with clients.writing():
            for incident in self._dice.sample(incidents.all(), k=len(incidents.all())):
                if self._ending.is_asked_for:
                    return
                self.incidents += 1
                self._say(f"{self.incidents}: {incident.__name__}")
                await incident()

    def _say(self, line: str) -> None:
        with self._screen.disabled():
            print(line, flush=True)  # noqa: T201 - what a soak is run for


def test_nothing_is_missing_or_there_twice_whatever_happens_meanwhile(
    dice: Random, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ending_after(SECONDS) as ending:
        soak = Soak(dice, ending, capsys)
        while not soak.is_over:
            with three_servers() as servers, one_broker() as broker:
                asyncio.run(soak.one_system(servers, broker, tmp_path))
