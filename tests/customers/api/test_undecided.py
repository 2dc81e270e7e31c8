"""Rights that cannot be decided any more are said to be so: never that nothing is there."""

import math
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.rights import Basis
from tests.customers.api.asking import NOBODY, Json, assert_problem, read
from tests.customers.importing.handing_in import CSV
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.rights import FixedWorld, demo_world
from tests.ground.servers import Servers, new_databases

ONE_CUSTOMER = "/v1/customers/{}"
READS = ("", "/history", "/notes", "/changes", "/last-look", "/journey", "/access-file", "/holds")
LISTS = (
    "/v1/customers", "/v1/customers?q=secret", "/v1/customers?country=DE",
    "/v1/customers?owner=" + DEMO_PEOPLE["leo"].subject, "/v1/changed-customers",
    "/v1/changed-customers?of=owned", "/v1/views", "/v1/imports", "/v1/erasures", "/v1/activity",
)  # fmt: skip


class Ageing(FixedWorld):
    """Decisions of the demo that are fresh for so many questions, and of no use from then on."""

    fresh_for: float = math.inf
    asked = 0
    takes = 0
    """How many microseconds pass when it grows old."""

    def basis(self) -> Basis:
        """Return the world as old as it is by now."""
        its = super().basis()
        self.asked += 1
        return (
            its
            if self.asked <= self.fresh_for
            else Basis(its.world, 1, its.now + self.takes, math.inf)
        )

    def begin(self, fresh_for: float = math.inf, takes: int = 0) -> None:
        self.fresh_for, self.takes, self.asked = fresh_for, takes, 0


AGEING = Ageing(demo_world())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(servers: Servers, broker: Broker) -> AsyncIterator[House]:
    """Return a house whose permissions grow old when a test says so."""
    async with (
        new_databases(servers) as databases,
        a_house(databases, broker.settings, decisions=AGEING) as its,
    ):
        await its.start()
        yield its


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def paths(house: House) -> list[str]:
    """Return what can be read: of a customer that is there, of none, of an import, of lists."""
    erin = house.client("erin")
    body: Json = {"kind": "person", "name": "Ada", "emails": ["secret@works.example"]}
    body["owner"] = DEMO_PEOPLE["leo"].subject
    its = read(await erin.post("/v1/customers", json=body))
    handed_in = read(await erin.post("/v1/imports", content=b"name\r\nAda\r\n", headers=CSV))
    await house.caught_up()
    ids = (its["id"], str(NOBODY))
    return [
        *(f"{ONE_CUSTOMER.format(one)}{path}" for one in ids for path in READS),
        *(f"/v1/imports/{one}{path}" for one in (handed_in["id"], NOBODY)
          for path in ("", "/errors")),
        *LISTS,
    ]  # fmt: skip


@pytest.mark.parametrize("person", ["alice", "bob", "carol", "erin", "petra"])
async def test_nobody_is_told_that_nothing_is_there_while_nothing_is_known(
    house: House, paths: list[str], person: str
) -> None:
    client = house.client(person)
    for path in paths:
        AGEING.begin()
        fresh = await client.get(path)
        for questions in range(AGEING.asked):
            AGEING.begin(questions)
            answer = await client.get(path)
            if answer.status_code != 503:
                # Whatever was decided while it was known is what is said all the same.
                assert answer.status_code == fresh.status_code, (path, questions, answer.text)
                assert _told(answer) == _told(fresh), (path, questions)
                continue
            problem = assert_problem(answer, 503, "undecided")
            assert answer.headers["retry-after"] == "1"
            assert problem["who_can_help"]
    AGEING.begin()


def _told(answer: httpx.Response) -> object:
    """Return what an answer tells, without what is another in each."""
    if "json" not in answer.headers["content-type"]:
        return answer.text
    each_time = {"made_at", "accessed_by", "as_of", "trace_id", "windows"}
    return {name: value for name, value in answer.json().items() if name not in each_time}


@pytest.mark.parametrize("person", ["alice", "erin"])
async def test_what_took_long_is_not_shown_if_nothing_is_known_by_then(
    house: House, paths: list[str], person: str
) -> None:
    client = house.client(person)
    for path in paths:
        AGEING.begin()
        if (await client.get(path)).status_code == 200:
            for questions in range(AGEING.asked):
                AGEING.begin(questions, takes=2_000_000)
                assert_problem(await client.get(path), 503, "undecided")
    AGEING.begin()
