"""What somebody has is reckoned here as every process decides it."""

from services.permissions.domain.meaning import policy_of, world_of
from services.permissions.domain.policy.commands import RetireRole
from services.permissions.domain.rights import standing_of
from services.permissions.domain.subject.state import Terms
from shared.authorization.deciding import Code, decide
from shared.authorization.reading import moment
from tests.permissions.domain.files import ERIN, demo
from tests.permissions.domain.files import world_of as told_world
from tests.permissions.domain.stories import ADA, NOON, a_company, a_role, give, policy


def test_a_denial_of_a_role_goes_on_when_the_role_is_retired() -> None:
    denied = Terms(role="reader", effect="deny")
    story = a_company().given(give(ADA, 5, a_role("seller")), give(ADA, 6, denied))
    story = story.given(policy(RetireRole("reader")))
    assert "customer:read" in standing_of(story.book.policy, story.subject(ADA)).denied
    world = world_of(story.book, [ADA])
    assert decide(world, str(ADA), "customer:read", None, moment(NOON), 0.0)[1] is Code.DENIED


def test_the_world_made_of_the_book_is_the_one_that_its_facts_tell() -> None:
    desk = demo()
    told, made = told_world(desk.facts), world_of(desk.book, desk.book.subjects)
    assert made.policy == told.policy
    assert dict(made.subjects) == dict(told.subjects)
    assert policy_of(desk.book.policy) is policy_of(desk.book.policy)
    assert made.subjects[ERIN].grants
