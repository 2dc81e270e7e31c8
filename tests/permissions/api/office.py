"""Where whoever answers for security sees who left: a desk, and what processes told."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.permissions.application.policy_files import DEFAULT
from shared.authorization.world import World
from tests.customers.api.asking import read
from tests.ground.rights import FixedWorld
from tests.ground.servers import Databases, Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk
from tests.permissions.api.set_up import CUSTOMS, IDS, files_at, learn
from tests.permissions.domain.files import PEOPLE


@dataclass(frozen=True, slots=True)
class Office:
    """A desk with the demo's people, and the read models that it shows."""

    desk: Desk
    databases: Databases

    async def deed(self, name: str, deed: str) -> datetime:
        """Suspend somebody, or let them leave or come back; return when that was recorded."""
        path = f"/v1/subjects/{IDS[name]}"
        version = read(await self.desk.client("erin").get(path))["version"]
        headers = {"If-Match": f'"{version}"'}
        body = {"reason": "Gone"}
        done = await self.desk.client("erin").post(f"{path}/{deed}", json=body, headers=headers)
        assert done.status_code == 200, done.text
        await learn(self.desk)
        sql = "select max(recorded_at) from events where stream = $1"
        at: datetime = await self.desk.foundation.truth.fetchval(sql, f"subject-{IDS[name]}")
        return at

    async def give(
        self, name: str, permission: str, people: Sequence[str] | None, clearance: str
    ) -> None:
        """Give somebody a permission, on these people alone unless None."""
        body = {
            "subject_id": IDS[name], "permission": permission, "scope": "all",
            "clearance": clearance, "reason": "A story",
        } | ({} if people is None else {"records": [IDS[one] for one in people]})  # fmt: skip
        given = await self.desk.client("erin").post("/v1/grants", json=body)
        assert given.is_success, given.text
        await learn(self.desk)

    def decisions(self) -> FixedWorld:
        """Return what the desk decides by."""
        its = self.desk.foundation.guard.decisions
        assert isinstance(its, FixedWorld)
        return its

    async def leaver(self, name: str, who: str = "dave") -> dict[str, Any]:
        """Return what is shown of a leaver."""
        answer = await self.desk.client(who).get(f"/v1/leavers/{IDS[name]}")
        shown: dict[str, Any] = read(answer)
        return shown


@asynccontextmanager
async def an_office(servers: Servers) -> AsyncIterator[Office]:
    """Have one for a while."""
    async with AsyncExitStack() as opened:
        databases = await opened.enter_async_context(new_databases(servers))
        desk = await opened.enter_async_context(a_desk(databases, FixedWorld(World())))
        files, _ = files_at(desk)
        await files.set_up([DEFAULT.read_text(), PEOPLE.read_text()], by=CUSTOMS)
        await learn(desk)
        yield Office(desk, databases)


def service(shown: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what a leaver's page says of one service."""
    its: list[dict[str, Any]] = [one for one in shown["services"] if one["service"] == name]
    assert len(its) == 1
    return its[0]
