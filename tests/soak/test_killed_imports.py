"""A worker killed at random moments of an import of 100,000 rows leaves each of them there once."""

import csv
import io
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

import httpx
import pytest

from services.customers.application.importing.customers import ManyCustomers
from shared.testing.waiting import until
from tests.customers.api.asking import Json, read
from tests.faults.conftest import Ground, a_ground
from tests.ground.broker import Broker
from tests.ground.house import House
from tests.ground.servers import Databases
from tests.soak.large_file import LargeFile, a_large_file

ROWS: Final = 100_000
KILLS: Final = 12
WITHIN_SECONDS: Final = 300.0
AT_ONCE: Final = 5_000
DONE = "select rows from imports where id = $1::uuid"
KEYS = "select count(*) from subject_keys"
IS_WRITING = """select count(*) from pg_stat_activity
    where application_name = 'customers-worker' and state = 'active'
        and query like 'select * from import_step%'"""
LEASE_RUNS_OUT = "update imports set lease_until = '-infinity' where id = $1::uuid"
EVENTS = "select type, count(*) from events where stream like 'customer-%' group by type"
ONCE = """select count(*) as rows, count(distinct number) as numbers,
        count(distinct customer_id) as customers from import_rows where import_id = $1::uuid"""
SUBJECTS = "select distinct subject::uuid as id from events where stream like 'customer-%'"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


class Deaths:
    """Workers on one import, each killed at a moment of its own."""

    def __init__(self, ground: Ground, import_id: str, dice: Random) -> None:
        self._ground = ground
        self._house = ground.house
        self._import_id = import_id
        self._moments = {
            "behind a batch": self._batch_written,
            "with keys made and the rows not written": self._keys_made,
            "while a batch is written": self._writing,
        }
        self._dice = dice
        self.died: Counter[str] = Counter()

    async def die(self, behind: int) -> None:
        """Let a worker live until so many rows are done, and then die at some moment."""
        life = await self._ground.nursery.begin("worker")
        await until(lambda: self._has_done(behind), WITHIN_SECONDS, what=f"{behind} rows")
        name = self._dice.choice(list(self._moments))
        await self._moments[name]()
        await life.kill()
        self.died[name] += 1
        if self.died.total() > 1:
            # The second life waits until the lease has run out by itself: 5 s.
            await self._house.ask("truth", LEASE_RUNS_OUT, self._import_id)

    async def _has_done(self, rows: int) -> bool:
        return await self._done() >= rows

    async def _done(self) -> int:
        return int((await self._house.ask("truth", DONE, self._import_id))[0][0])

    async def _batch_written(self) -> None:
        before = await self._done()
        await until(lambda: self._has_done(before + 1), WITHIN_SECONDS, what="one more batch")

    async def _keys_made(self) -> None:
        before = (await self._house.ask("keys", KEYS))[0][0]

        async def are_more() -> bool:
            return bool((await self._house.ask("keys", KEYS))[0][0] > before)

        await until(are_more, WITHIN_SECONDS, what="more keys")

    async def _writing(self) -> None:
        async def is_writing() -> bool:
            return bool((await self._house.ask("truth", IS_WRITING))[0][0])

        await until(is_writing, WITHIN_SECONDS, what="a batch that is being written")


async def hand_in(client: httpx.AsyncClient, file: LargeFile) -> str:
    """Hand the file in and return the import's id."""
    answer = await client.post(
        "/v1/imports", content=file.text.encode(), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 202, answer.text
    return str(read(answer)["id"])


async def ended(client: httpx.AsyncClient, import_id: str) -> Json:
    """Return an import once it is done."""

    async def told() -> Json:
        return read(await client.get(f"/v1/imports/{import_id}"))

    async def is_done() -> bool:
        return bool((await told())["state"] == "done")

    await until(is_done, WITHIN_SECONDS, what="that the import ends")
    return await told()


async def refused(client: httpx.AsyncClient, import_id: str) -> list[tuple[str, str, str]]:
    """Return line, field and key of the rows in the file of those that were refused."""
    errors = (await client.get(f"/v1/imports/{import_id}/errors")).text
    assert all(row["problem"] for row in csv.DictReader(io.StringIO(errors)))
    rows = csv.DictReader(io.StringIO(errors))
    return [(row["line"], row["field"], row["key"]) for row in rows]


async def names_of(house: House) -> Counter[str]:
    """Return how many customers have which name, by their own events."""
    ids = [row["id"] for row in await house.ask("truth", SUBJECTS)]
    names: Counter[str] = Counter()
    for at in range(0, len(ids), AT_ONCE):
        every = await ManyCustomers(house.store, house.keys).load(ids[at : at + AT_ONCE])
        assert {its.version - len(its.now.notes) for its in every.values()} == {1}
        names.update(str(its.now.name) for its in every.values())
    return names


async def events_of(house: House) -> dict[str, int]:
    """Return how many events of customers there are, by type."""
    return {row["type"]: row["count"] for row in await house.ask("truth", EVENTS)}


async def test_each_of_100000_rows_is_there_once_however_often_its_worker_was_killed(
    databases: Databases,
    own_broker: Broker,
    tmp_path: Path,
    dice: Random,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = a_large_file(ROWS, dice)
    async with a_ground(databases, own_broker, tmp_path) as ground:
        house, alice = ground.house, ground.house.client("alice")
        first = await hand_in(alice, file)
        deaths = Deaths(ground, first, dice)
        for rows in sorted(dice.sample(range(ROWS * 9 // 10), KILLS)):
            await deaths.die(behind=rows)
        await ground.nursery.begin("worker")
        told = await ended(alice, first)

        counts = (told["rows"], told["counts"]["created"], told["counts"]["refused"])
        assert counts == (ROWS, file.customers, len(file.refused))
        (once,) = await house.ask("truth", ONCE, first)
        assert set(once.values()) == {file.customers}
        stored = {"CustomerRegistered": file.customers, "CustomerNoteAdded": file.notes}
        assert await events_of(house) == stored
        assert await names_of(house) == file.names
        assert await refused(alice, first) == file.refused

        again = await hand_in(alice, file)
        told = await ended(alice, again)
        assert (told["counts"]["unchanged"], told["counts"]["refused"]) == counts[1:]
        assert await events_of(house) == stored
        assert await refused(alice, again) == file.refused
    with capsys.disabled():
        print(  # noqa: T201 - what a soak is run for
            f"{ROWS} rows, {deaths.died.total()} workers killed"
            f" ({', '.join(f'{n} {name}' for name, n in sorted(deaths.died.items()))}):"
            f" {file.customers} customers once, {len(file.refused)} refused rows told in order"
        )
