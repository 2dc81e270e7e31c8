"""A file that may do much harm is applied by one administrator after another one agreed to it."""

from uuid import UUID

import pytest

from services.permissions.application.commands import PermissionCommands
from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.policy_files import DEFAULT, PolicyFiles
from services.permissions.domain.book import Asking, OnSubject
from services.permissions.domain.deciding import decide
from services.permissions.domain.subject.commands import ApproveGrant, RequestGrant
from services.permissions.domain.subject.state import Terms
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import NotPermittedError
from tests.ground.servers import Servers, new_databases
from tests.permissions.api.desk import a_desk
from tests.permissions.domain.files import PEOPLE
from tests.permissions.domain.stories import grant_id

IDS = {name: person.subject for name, person in DEMO_PEOPLE.items()}
LOWER = "daybook_policy: 1\npermissions: {customer:export: {risk: low, title: Export}}\n"


async def test_a_file_waits_for_the_second_administrator_and_is_applied_once(
    servers: Servers,
) -> None:
    async with new_databases(servers) as databases, a_desk(databases) as desk:
        its = desk.foundation
        book = PolicyBook(its.truth, its.keys)
        commands = PermissionCommands(its.store, book, its.keys, its.clock, its.appended)
        files = PolicyFiles(book, commands, its.clock)
        await files.set_up([DEFAULT.read_text(), PEOPLE.read_text()], by=IDS["customers"])

        async def ask(who: str, asked: OnSubject) -> None:
            await commands.run(
                lambda book, at: decide(book, [asked], Asking(IDS[who], at)), by=IDS[who]
            )

        looked = await files.look(LOWER, by=IDS["erin"])
        assert [one.what for one in looked.plan.dangers] == [
            "the risk of customer:export falls from high to low"
        ]
        with pytest.raises(NotPermittedError) as refused:
            await files.apply(LOWER, by=IDS["erin"])
        assert refused.value.problem_code == "needs-second-person"
        assert str(refused.value.fix).startswith("let somebody else agree to this very file with")
        assert "`daybook permissions agree FILE`" in str(refused.value.fix)
        leo, admin = UUID(IDS["leo"]), Terms("permission_admin")
        await ask("leo", OnSubject(leo, RequestGrant(grant_id(1), admin)))
        await ask("erin", OnSubject(leo, ApproveGrant(grant_id(1))))
        await files.approve(LOWER, by=IDS["leo"])
        again = PolicyFiles(PolicyBook(its.truth, its.keys), commands, its.clock)
        other = LOWER.replace("Export", "Take out")
        with pytest.raises(NotPermittedError):
            await again.apply(other, by=IDS["erin"])
        await again.apply(LOWER, by=IDS["erin"])
        await files.apply(LOWER.replace("low", "high"), by=IDS["erin"])
        with pytest.raises(NotPermittedError):
            await files.apply(LOWER, by=IDS["erin"])
