"""What somebody has is reckoned here as every process decides it."""

from services.permissions.domain.book import Asking
from services.permissions.domain.meaning import policy_of, world_of
from services.permissions.domain.policy.commands import RemoveRoleParent, RetireRole
from services.permissions.domain.rights import standing_of
from services.permissions.domain.subject.state import Terms
from services.permissions.domain.what_if import what_if
from shared.authorization.codes import Code
from shared.authorization.deciding import decide
from shared.authorization.reading import moment
from tests.permissions.domain.files import ERIN as THE_ADMINISTRATOR
from tests.permissions.domain.files import demo
from tests.permissions.domain.files import world_of as told_world
from tests.permissions.domain.stories import (
    ADA,
    ERIN,
    NOON,
    a_company,
    a_role,
    give,
    parent,
    policy,
    role,
)


def test_a_denial_of_a_role_goes_on_when_the_role_is_retired() -> None:
    denied = Terms(role="reader", effect="deny")
    story = a_company().given(give(ADA, 5, a_role("seller")), give(ADA, 6, denied))
    story = story.given(policy(RetireRole("reader")))
    assert "customer:read" in standing_of(story.book.policy, story.subject(ADA)).denied
    world = world_of(story.book, [ADA])
    assert decide(world, str(ADA), "customer:read", None, moment(NOON), 0.0)[1] is Code.DENIED


def test_a_denial_that_ends_with_a_retired_parent_is_told_as_a_gain() -> None:
    story = a_company().given(*role("base", 5, customer__change="own/internal"), *role("kid", 5))
    story = story.given(parent("kid", "base"), policy(RetireRole("base")))
    story = story.given(give(ADA, 5, a_role("seller")))
    story = story.given(give(ADA, 6, Terms(role="kid", effect="deny")))
    found = what_if(story.book, [policy(RemoveRoleParent("kid", "base"))], Asking(str(ERIN), NOON))
    told = {(one.subject_id, its.permission) for one in found.changes for its in one.differences}
    assert told == {(ADA, "customer:change")}


def test_the_world_made_of_the_book_is_the_one_that_its_facts_tell() -> None:
    desk = demo()
    told, made = told_world(desk.facts), world_of(desk.book, desk.book.subjects)
    assert made.policy == told.policy
    assert dict(made.subjects) == dict(told.subjects)
    assert policy_of(desk.book.policy) is policy_of(desk.book.policy)
    assert made.subjects[THE_ADMINISTRATOR].grants
