"""Whoever leaves is refused in every process little later than one event takes through the broker.

A whole Daybook in processes of its own; an identity provider lets people go over SCIM, one after
the other. Ours: from when the leaving was recorded to the moment from which the last process that
decides refuses, as each of them put it on record. The floor, of the same events in the same run:
until one bare consumer, a process too, has the event, in no copy and refusing nobody. What is
printed besides counts from the answer to whoever let them go. All read one machine's clock.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

import asyncpg
import httpx

from bench.ground import Ground
from bench.measuring import BrokenSideError, Claim, Paired, Row, in_turns, pair
from bench.plain_table import connections
from bench.post_customers import token_of
from bench.visible import percentile
from bench.whole import DECIDING, whole_daybook
from cli.local.postgres import servers
from cli.local.services import SERVICES
from shared.authorization.leaving import ENDS
from shared.clock import SystemClock
from shared.messaging.topics import PERMISSIONS

LEAVERS: Final = 50
ROUNDS: Final = 3
PAUSE_SECONDS: Final = 0.05
WITHIN_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.1
MILLISECOND: Final = timedelta(milliseconds=1)
SHARES: Final = {"p50": 0.5, "p99": 0.99}
USERS: Final = "/scim/v2/Users"
USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
OFF: Final = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": "active", "value": False}],
}
APPLIED: Final = """
    select told->>'process' as process, (told->>'applied_at')::timestamptz as at
    from (select convert_from(data, 'utf8')::json as told from records
        where type = 'LeavingApplied' and subject = $1) its"""


@dataclass(frozen=True, slots=True)
class Left:
    """When the leaving of somebody was recorded, was answered, and came to the bare consumer."""

    subject: str
    recorded_at: datetime
    answered_at: datetime
    came_at: datetime


class Directory:
    """The identity provider, and the bare consumer beside it."""

    def __init__(self, scim: httpx.AsyncClient, arriving: asyncio.StreamReader) -> None:
        self._scim = scim
        self._arriving = arriving
        self._hired = 0

    async def hire(self) -> str:
        """Return the id of somebody new."""
        self._hired += 1
        user = {"schemas": [USER], "userName": f"leaver-{self._hired}@example.org", "active": True}
        return str((await self._ask("POST", USERS, user)).json()["id"])

    async def let_go(self, subject: str) -> Left:
        """Say that somebody is not active any more."""
        await self._ask("PATCH", f"{USERS}/{subject}", OFF)
        answered_at = SystemClock().now()
        async with asyncio.timeout(WITHIN_SECONDS):
            while True:
                stream, type_, *times = (await self._arriving.readline()).decode().split()
                if stream == f"subject-{subject}" and type_ in ENDS:
                    recorded_at, came_at = map(datetime.fromisoformat, times)
                    return Left(subject, recorded_at, answered_at, came_at)

    async def _ask(self, method: str, path: str, body: Mapping[str, object]) -> httpx.Response:
        """Ask again after a 503: on a busy machine, permissions are too old now and then."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while True:
                answer = await self._scim.request(method, path, json=body)
                if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                    return answer.raise_for_status()
                await asyncio.sleep(LOOK_SECONDS)


async def _refused_at(stores: list[asyncpg.Connection], one: Left) -> datetime:
    """Return from when on the last process that decides refused somebody, as each recorded it."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while True:
            told = [row for store in stores for row in await store.fetch(APPLIED, one.subject)]
            if len(told) >= len(DECIDING):
                break
            await asyncio.sleep(LOOK_SECONDS)
    names = sorted(row["process"].rpartition("/")[0] for row in told)
    if names != [*DECIDING]:
        raise BrokenSideError(f"{names} refused, and not once each of {DECIDING}")
    last: datetime = max(row["at"] for row in told)
    return last


async def _round(directory: Directory, stores: list[asyncpg.Connection]) -> list[list[float]]:
    """Return three lists of milliseconds: until all refuse, until it came, from the answer on."""
    people = [await directory.hire() for _ in range(LEAVERS)]
    left = []
    for one in people:
        await asyncio.sleep(PAUSE_SECONDS)
        left.append(await directory.let_go(one))
    refused = [await _refused_at(stores, one) for one in left]
    spans = [
        [at - one.recorded_at for one, at in zip(left, refused, strict=True)],
        [one.came_at - one.recorded_at for one in left],
        [at - one.answered_at for one, at in zip(left, refused, strict=True)],
    ]
    return [[one / MILLISECOND for one in its] for its in spans]


@asynccontextmanager
async def _directory(here: Ground) -> AsyncIterator[Directory]:
    token = await token_of(here.ports.issuer_url, "directory")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    arriving = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.arriving", here.kafka.bootstrap, PERMISSIONS.name,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        if arriving.stdout is None or await arriving.stdout.readline() != b"ready\n":
            raise BrokenSideError("the bare consumer did not begin")
        url = here.ports.url("permissions")
        async with httpx.AsyncClient(
            base_url=url, headers=headers, timeout=WITHIN_SECONDS, trust_env=False
        ) as scim:
            yield Directory(scim, arriving.stdout)
    finally:
        arriving.kill()
        await arriving.wait()


async def measure(_beside: Ground) -> Mapping[str, Paired]:
    """Let people go, round after round."""
    async with whole_daybook() as here, _directory(here) as directory:
        truth = next(server for server in servers(here.place) if server.kind == "truth")
        dsns = [truth.admin_dsn.replace("/postgres?", f"/{each.name}?") for each in SERVICES]
        async with connections(dsns[0], 1) as first, connections(dsns[1], 1) as second:
            (rounds,) = await in_turns(ROUNDS, lambda: _round(directory, first + second))
    since_answer = [one for _, _, its in rounds for one in its]
    for name, share in SHARES.items():
        print(f"{name} {percentile(since_answer, share):.1f} ms after the answer,", end=" ")
    return {
        f"revoke_{name}": pair(
            [percentile(ours, share) for ours, _, _ in rounds],
            [percentile(floors, share) for _, floors, _ in rounds],
        )
        for name, share in SHARES.items()
    }


ROW = Row(
    "revoke",
    (
        Claim("revoke_p50", 4, 2, "ms", better="lower"),
        Claim("revoke_p99", 4, 2, "ms", better="lower"),
    ),
    measure,
)
