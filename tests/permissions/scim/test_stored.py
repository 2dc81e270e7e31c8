"""The service on its databases: others' tester and others' directory find nothing wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import httpx
import pytest_asyncio
from scim2_models import ScimProvider
from scim2_tester import Status, check_server

from services.permissions.api.scim.schema import PROVIDER
from shared.testing.verifier import token_of
from tests.ground.servers import Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk
from tests.permissions.scim.asking import ENTERPRISE, ROOT, InProcess, ScimClient
from tests.permissions.scim.directory import Directory, running_directory
from tests.permissions.scim.mirror import Mirror, groups, users

TOLD = """select e.type, count(*)::int as times from events e where e.stream like 'subject-%'
    group by 1"""


@pytest_asyncio.fixture
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with new_databases(servers) as databases, a_desk(databases) as its:
        yield its


async def test_the_public_tester_of_scim_servers_is_content(desk: Desk) -> None:
    def check() -> list[tuple[object, ...]]:
        with closing(directory_at(desk, loop)) as http:
            results = check_server(ScimClient(http))
        assert len(results) > 60
        return [
            (one.title, one.resource_type, one.reason)
            for one in results
            if one.status is not Status.SUCCESS
        ]

    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(check) == []


async def test_joiners_movers_and_leavers_of_a_directory_end_equal_here(desk: Desk) -> None:
    def story() -> None:
        with running_directory() as directory, closing(directory_at(desk, loop)) as http:
            live(directory, http)

    loop = asyncio.get_running_loop()
    await asyncio.to_thread(story)
    rows = await desk.foundation.truth.fetch(TOLD)
    told = {row["type"]: row["times"] for row in rows}
    # Four joined; Leo left by `active` and was removed later: he left once.
    assert (told["SubjectJoined"], told["SubjectLeft"]) == (4, 1)


def directory_at(desk: Desk, loop: asyncio.AbstractEventLoop) -> httpx.Client:
    """Return a client with the account of an identity provider."""
    signed_in = {"Authorization": f"Bearer {token_of('directory')}"}
    return httpx.Client(transport=InProcess(desk.app, loop), base_url=ROOT, headers=signed_in)


def live(directory: Directory, http: httpx.Client) -> None:
    """Let people join, move and leave in a directory, and push it after each."""
    source, target = ScimClient(directory.http), ScimClient(http)
    source.discover()
    target.provider = ScimProvider(PROVIDER.models, PROVIDER.resource_types, PROVIDER.config)
    mirror = Mirror(source, target)

    boss = directory.hire("bob", name={"givenName": "Bob", "familyName": "Ross"})
    alice = directory.hire("alice", boss, displayName="Alice")
    leo = directory.hire("leo", boss, department="销售部")
    sales = directory.form("Sales", alice, leo, boss)
    mirror.push()
    assert mirror.seen() == (users(source), groups(source))
    assert len(mirror.seen()[0]) == 3

    directory.patch(
        f"/Users/{alice}",
        {"op": "replace", "path": "displayName", "value": "Alice Bright"},
        {"op": "add", "path": "emails", "value": [{"value": "al@example.org"}]},
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Support"},
        {"op": "remove", "path": f"{ENTERPRISE}:manager"},
    )
    directory.patch(f"/Users/{leo}", {"op": "replace", "path": "active", "value": False})
    wang = directory.hire("wang", alice)
    directory.patch(
        f"/Groups/{sales}",
        {"op": "remove", "path": f'members[value eq "{leo}"]'},
        {"op": "add", "path": "members", "value": [{"value": wang, "type": "User"}]},
    )
    directory.form("Nobody's")
    mirror.push()
    assert mirror.seen() == (users(source), groups(source))

    directory.delete(f"/Users/{leo}")
    directory.delete(f"/Groups/{sales}")
    mirror.push()
    assert mirror.seen() == (users(source), groups(source))
    assert len(mirror.seen()[0]) == 3
