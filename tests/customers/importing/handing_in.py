"""What the tests of imports say again and again: hand a file in, have it worked off, look."""

from collections.abc import Sequence

import httpx

from services.customers.application.importing.customers import ManyCustomers
from services.customers.application.importing.worker import ImportWorker
from services.customers.domain.customer.state import Customer
from shared.postgres.lanes import Lanes
from tests.customers.api.asking import Json, read
from tests.ground.house import House
from tests.ground.workers import a_worker

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
VCARD = {"Content-Type": "text/vcard"}


class Desk:
    """Hands files in as one person, and has a worker work them off."""

    def __init__(self, house: House, worker: ImportWorker, truth: Lanes) -> None:
        self.house = house
        self.client = house.client("alice")
        self.truth = truth
        self._worker = worker

    async def hand_in(
        self, content: str | bytes, headers: dict[str, str] = CSV, **asked: str
    ) -> Json:
        """Hand a file in and return the answer's body."""
        body = content.encode() if isinstance(content, str) else content
        answer = await self.client.post("/v1/imports", content=body, headers=headers, params=asked)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/v1/imports/{answer.json()['id']}"
        return read(answer)

    async def imported(
        self, content: str | bytes, headers: dict[str, str] = CSV, **asked: str
    ) -> Json:
        """Hand a file in, work it off, and return what became of it."""
        told = await self.hand_in(content, headers, **asked)
        await self.work()
        return await self.told(told["id"])

    async def work(self) -> None:
        """Work off whatever is there."""
        while await self._worker.work_off_one():
            pass

    async def sweep(self) -> None:
        """Delete what is not needed any more, as a worker does now and then."""
        await self._worker.sweep()

    async def told(self, import_id: str) -> Json:
        """Return an import as it is told."""
        return read(await self.client.get(f"/v1/imports/{import_id}"))

    async def undone(self, import_id: str) -> Json:
        """Undo an import and return what became of that."""
        answer = await self.client.post(f"/v1/imports/{import_id}/undo")
        assert answer.status_code == 202, answer.text
        await self.work()
        return await self.told(read(answer)["id"])

    async def errors(self, import_id: str) -> str:
        """Return the file of refused rows."""
        answer = await self.client.get(f"/v1/imports/{import_id}/errors")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/csv")
        return answer.text

    async def names(self) -> list[str | None]:
        """Return the names of every customer there is, by the store."""
        return [row.name for row in await self.house.fold_all() if row.version]

    async def customers(self) -> dict[str, Customer]:
        """Return every customer as its events made it, by name."""
        sql = "select distinct subject::uuid as id from events where stream like 'customer-%'"
        ids = [row["id"] for row in await self.house.ask("truth", sql)]
        every = await ManyCustomers(self.house.store, self.house.keys).load(ids)
        return {str(its.now.name): its.now for its in every.values()}

    async def events(self) -> int:
        """Return how many events of customers there are."""
        sql = "select count(*) from events where stream like 'customer-%'"
        return int((await self.house.ask("truth", sql))[0][0])


async def a_desk(house: House, batch: int = 500) -> Desk:
    """Return a desk with a worker of its own."""
    truth = await house.lanes(house.databases.truth_dsn, "api", 1)
    return Desk(house, await a_worker(house, batch), truth)


def lines(*rows: str) -> str:
    """Return a file of these lines."""
    return "\n".join([*rows, ""])


def counts(told: Json) -> Sequence[int]:
    """Return created, changed, unchanged, refused."""
    return [told["counts"][name] for name in ("created", "changed", "unchanged", "refused")]


def problem_of(answer: httpx.Response) -> str:
    """Return why something was refused."""
    return str(answer.json()["detail"])
