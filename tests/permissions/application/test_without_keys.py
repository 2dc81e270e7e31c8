"""Taking rights away waits for no key, and one key that is gone stops nobody else."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.permissions.application.commands import PermissionCommands
from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.policy_files import DEFAULT, PolicyFiles
from services.permissions.domain.book import Asking, OnSubject
from services.permissions.domain.deciding import decide
from services.permissions.domain.subject.commands import (
    DescribeSubject,
    Description,
    LetSubjectLeave,
    ReduceGrant,
    RevokeGrant,
    SubjectCommand,
    SuspendSubject,
)
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.scopes import Clearance
from shared.errors import UnavailableError
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.security.master_key import KnownMasterKeys
from shared.security.subject_keys import SubjectKeys
from tests.ground.processes import MASTER_KEY
from tests.ground.servers import Databases, Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk
from tests.permissions.domain.files import PEOPLE

IDS = {name: UUID(person.subject) for name, person in DEMO_PEOPLE.items()}
pytestmark = pytest.mark.asyncio(loop_scope="module")


class CutKeys(SubjectKeys):
    """Keys behind a way that can be cut."""

    is_cut = False

    async def find(self, kids: Iterable[str]) -> dict[str, AESGCM | None]:
        if self.is_cut:
            raise UnavailableError("cut", fix="wait")
        return await super().find(kids)


class Office:
    """One process: its book, and its commands."""

    def __init__(self, desk: Desk, keys: SubjectKeys) -> None:
        its = desk.foundation
        self.folded = PolicyBook(its.truth, keys)
        self.commands = PermissionCommands(its.store, self.folded, keys, its.clock, its.appended)
        self.files = PolicyFiles(self.folded, self.commands, its.clock)

    async def ask(self, *asked: OnSubject) -> None:
        by = str(IDS["erin"])
        await self.commands.run(lambda book, at: decide(book, asked, Asking(by, at)), by=by)

    def name_of(self, who: str) -> str | None:
        return self.folded.book.subject(IDS[who]).display_name

    def life_of(self, who: str) -> str | None:
        return self.folded.book.subject(IDS[who]).life

    def role_of(self, who: str, role: str) -> UUID:
        grants = self.folded.book.subject(IDS[who]).grants
        return next(one for one, its in grants.items() if its.terms.role == role)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    async with new_databases(servers) as fresh:
        yield fresh


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(databases: Databases) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        its = await opened.enter_async_context(a_desk(databases))
        office = Office(its, its.foundation.keys)
        texts = [DEFAULT.read_text(), PEOPLE.read_text()]
        await office.files.set_up(texts, by=str(IDS["customers"]))
        yield its


@pytest_asyncio.fixture(loop_scope="module")
async def keys(desk: Desk, databases: Databases) -> AsyncIterator[CutKeys]:
    lanes = Lanes(dsn_for(databases.keys_dsn, "api"), 1, application_name="cut-keys")
    await lanes.open()
    yield CutKeys(lanes, KnownMasterKeys(MASTER_KEY))
    await lanes.close()


def on(who: str, command: SubjectCommand) -> OnSubject:
    return OnSubject(IDS[who], command)


async def test_without_the_key_database_rights_are_taken_away_and_nothing_is_told(
    desk: Desk, keys: CutKeys
) -> None:
    office = Office(desk, keys)
    await office.folded.catch_up()
    keys.is_cut = True
    await office.ask(on("leo", RevokeGrant(office.role_of("leo", "sales_rep"), "a reason")))
    await office.ask(on("wang", SuspendSubject("another")))
    reaches_less = ReduceGrant(
        office.role_of("bob", "sales_manager"), clearance=Clearance.INTERNAL, reason="third"
    )
    await office.ask(on("bob", reaches_less))
    called = DescribeSubject(Description("Gone", "alice"))
    with pytest.raises(UnavailableError):
        await office.ask(on("alice", called))
    await office.ask(on("alice", called), on("alice", LetSubjectLeave("ill")))
    assert [office.life_of(who) for who in ("wang", "alice")] == ["suspended", "left"]
    assert office.name_of("alice") == "Alice"


async def test_a_process_that_starts_without_keys_revokes_and_learns_the_names_later(
    desk: Desk, keys: CutKeys
) -> None:
    keys.is_cut = True
    office = Office(desk, keys)
    await office.folded.catch_up()
    assert (office.folded.is_nameless, office.name_of("carol")) == (True, None)
    await office.ask(on("carol", RevokeGrant(office.role_of("carol", "support_agent"), "moved")))
    keys.is_cut = False
    await office.folded.catch_up()
    assert (office.folded.is_nameless, office.name_of("carol")) == (False, "Carol")


async def test_one_key_that_is_gone_leaves_one_nameless_and_stops_nobody(
    desk: Desk, databases: Databases
) -> None:
    office = Office(desk, desk.foundation.keys)
    await office.folded.catch_up()
    admin = await asyncpg.connect(databases.admin_dsn("keys"))
    kid = office.folded.kid_of(IDS["dave"])
    await admin.execute("delete from subject_keys where kid = $1", kid)
    await admin.close()
    fresh = Office(desk, desk.foundation.keys)
    await fresh.folded.catch_up()
    assert (fresh.name_of("dave"), fresh.name_of("bob")) == (None, "Bob")
    await fresh.ask(on("dave", RevokeGrant(fresh.role_of("dave", "auditor"), "a reason")))
    assert not fresh.folded.is_nameless
