"""Whoever leaves is refused everywhere at once, and what runs for them stops where it is."""

import asyncio
from typing import Any

import orjson
import pytest

from services.customers.application.importing.turns import Turns
from shared.errors import NotPermittedError
from shared.testing.verifier import token_of
from tests.customers.api.asking import Json, assert_problem, read
from tests.customers.api.listening import listening, until_the_end
from tests.customers.importing.handing_in import CSV, counts, lines
from tests.customers.shipped import IDS, Shipped, a_shipped_house
from tests.ground.broker import Broker
from tests.ground.servers import Servers
from tests.ground.workers import a_worker
from tests.permissions.domain.files import demo
from tests.permissions.domain.stories import Story
from tests.permissions.scim.asking import Stage

CUSTOMERS = 250
BECAME = {"suspended": "SubjectSuspended", "left": "SubjectLeft"}


class IdentityProvider:
    """Says by SCIM who is active, and lets the house hear what the service made of it."""

    def __init__(self, shipped: Shipped) -> None:
        self._shipped = shipped
        self._stage = Stage(Story(demo().book))
        self._has_said = asyncio.Lock()
        self.is_gone = False

    async def ends(self, person: str) -> None:
        """Deactivate somebody, once."""
        async with self._has_said:
            if self.is_gone:
                return
            off = {"op": "replace", "path": "active", "value": False}
            path = f"/Users/{IDS[person]}"
            answer = await asyncio.to_thread(self._stage.patch, path, off)
            assert answer.status_code == 200, answer.text
            life = self._stage.subject(IDS[person]).life
            self._shipped.happens(person, BECAME[str(life)])
            self.is_gone = True


class Gone(Turns):
    """An import's turn comes when its actor has gone."""

    def __init__(self, gone: asyncio.Event) -> None:
        self._gone = gone

    async def has_come(self, _written: object) -> bool:
        """Wait for it."""
        await self._gone.wait()
        return True


class Download:
    """An export over ASGI, which stops to let something happen behind its first customers."""

    def __init__(self, shipped: Shipped, person: str) -> None:
        self._app = shipped.house.app
        headers = [(b"authorization", f"Bearer {token_of(person)}".encode())]
        self._scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": "/v1/exported-customers", "query_string": b"",
            "raw_path": b"/v1/exported-customers", "root_path": "", "headers": headers,
            "client": ("127.0.0.1", 1), "server": None,
        }  # fmt: skip
        self.has_begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.status, self.lines, self.is_whole = 0, 0, False

    async def run(self) -> None:
        """Load until the file ends or breaks off."""
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> Json:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Any) -> None:  # noqa: ANN401 - ASGI's own messages
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.lines += message["body"].count(b"\r\n")
        self.is_whole = not message.get("more_body", False)
        if self.lines > 1:
            self.has_begun.set()
            await self.may_go_on.wait()


async def test_all_that_runs_for_somebody_who_leaves_is_cut(
    servers: Servers, broker: Broker
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        house = shipped.house
        await house.start()
        for permission in ("customer:import", "customer:export"):
            shipped.give("alice", permission, scope="own", clearance="confidential")
        shipped.happens("billing", "SubjectJoined", kind="service", owner=IDS["alice"])
        shipped.give("billing", "field:read", scope="all", clearance="internal")
        alice, billing = house.client("alice"), house.client("billing")
        assert (await billing.get("/v1/fields")).status_code == 200
        file = lines("name", *(f"Ada {n}" for n in range(CUSTOMERS)))
        worker = await a_worker(house)
        await alice.post("/v1/imports", content=file.encode(), headers=CSV)
        assert await worker.work_off_one()
        await house.caught_up()

        provider, gone = IdentityProvider(shipped), asyncio.Event()
        more = read(await alice.post("/v1/imports", content=b"name\nB 1\nB 2\nB 3\n", headers=CSV))
        slow = await a_worker(house, 2, Gone(gone))
        importing = asyncio.create_task(slow.work_off_one())
        download = Download(shipped, "alice")
        loading = asyncio.create_task(download.run())
        await download.has_begun.wait()
        async with listening(house, "alice") as watch:
            assert await watch.next() is not None
            await provider.ends("alice")
            gone.set()
            download.may_go_on.set()

            assert_problem(await alice.get("/v1/customers"), 403, "not-permitted")
            refused = assert_problem(await billing.get("/v1/fields"), 403, "not-permitted")
            assert refused["reason"] == "inactive_subject"
            (ended,) = [one for one in await until_the_end(watch) if one.event == "ended"]
            assert (ended.data or {})["reason"] == "inactive_subject"
        with pytest.raises(NotPermittedError):
            await loading
        assert (download.status, download.is_whole) == (200, False)
        assert download.lines < CUSTOMERS
        assert await importing
        told = read(await house.client("erin").get(f"/v1/imports/{more['id']}"))
        created, *others = counts(told)
        assert (told["state"], others) == ("stopped", [0, 0, 0])
        assert created < 3, "rows that were still to come did not"
        assert told["problem"]["who_can_help"]
        # What was cut is on record, as any refusal is.
        await house.recorder.close()
        rows = await house.ask(
            "truth", "select data from records where actor = $1 and type = 'DecisionRecorded'",
            IDS["alice"],
        )  # fmt: skip
        decided = [orjson.loads(row["data"]) for row in rows]
        cut = {one["permission"]: one["code"] for one in decided if not one["is_allowed"]}
        expected = dict.fromkeys(("customer:export", "customer:watch"), "inactive_subject")
        assert cut.items() >= expected.items()
