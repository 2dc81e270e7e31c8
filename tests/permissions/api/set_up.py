"""A desk at which the demo was set up, and which decides by what was given there."""

from contextlib import AsyncExitStack

from services.permissions.application.commands import PermissionCommands
from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.policy_files import DEFAULT, PolicyFiles
from services.permissions.application.whole_log import WholeLog
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.world import World
from shared.clock import Clock
from tests.ground.rights import FixedWorld
from tests.ground.servers import Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk
from tests.permissions.domain.files import PEOPLE

IDS = {name: person.subject for name, person in DEMO_PEOPLE.items()}
CUSTOMS = IDS["customers"]


async def set_up_desk(
    opened: AsyncExitStack,
    servers: Servers,
    *,
    clock: Clock | None = None,
    every_decision: bool = False,
) -> Desk:
    """Return one that lasts as long as the stack; it may tell each decision by itself."""
    databases = await opened.enter_async_context(new_databases(servers))
    world = FixedWorld(World(), clock)
    its = a_desk(databases, world, clock=clock, every_decision=every_decision)
    desk = await opened.enter_async_context(its)
    files, _ = files_at(desk)
    await files.set_up([DEFAULT.read_text(), PEOPLE.read_text()], by=CUSTOMS)
    await learn(desk)
    return desk


async def learn(desk: Desk) -> None:
    """Let the desk decide by what was given until now."""
    its = desk.foundation
    decisions = its.guard.decisions
    assert isinstance(decisions, FixedWorld)
    decisions.world = (await WholeLog(its.truth, its.feed).snapshot()).world


def files_at(desk: Desk) -> tuple[PolicyFiles, PolicyBook]:
    """Return another process's way to the same store."""
    its = desk.foundation
    book = PolicyBook(its.truth, its.keys)
    commands = PermissionCommands(its.store, book, its.keys, its.clock, its.appended)
    return PolicyFiles(book, commands, its.clock), book
