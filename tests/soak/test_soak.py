"""For a minute, or for days (SECONDS), everything breaks while sixteen clients write."""

import os
from random import Random
from time import monotonic

import pytest

from tests.faults.conftest import Ground
from tests.ground.servers import Servers
from tests.soak.clients import CLIENTS, CUSTOMERS_EACH, Clients
from tests.soak.counting import nothing_is_missing
from tests.soak.incidents import Incidents

SECONDS = float(os.environ.get("DAYBOOK_SOAK_SECONDS", "60"))
PER_INCIDENT = 60.0

pytestmark = [pytest.mark.soak, pytest.mark.timeout(SECONDS * 2 + 600)]


async def test_nothing_is_missing_or_there_twice_whatever_happens_meanwhile(
    own_ground: Ground, own_servers: Servers, dice: Random
) -> None:
    house = own_ground.house
    clients = Clients(own_ground, dice)
    incidents = Incidents(own_ground, own_servers, clients)
    await incidents.begin()
    happened: list[str] = []
    ends = monotonic() + SECONDS

    async with clients.writing():
        while not happened or monotonic() < ends:
            # Each once, in an order that is another every time.
            for incident in dice.sample(incidents.all(), k=len(incidents.all())):
                happened.append(incident.__name__)
                print(f"{len(happened)}: {incident.__name__}", flush=True)  # noqa: T201
                await incident()

    await nothing_is_missing(house, clients)
    assert len(clients.known) == CLIENTS * CUSTOMERS_EACH
    print(  # noqa: T201 - what a soak is run for
        f"{len(happened)} incidents, {clients.answered} commands answered,"
        f" {clients.repeated} repeated; 0 missing, 0 twice"
    )
