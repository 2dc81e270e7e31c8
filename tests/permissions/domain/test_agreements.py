"""Somebody's agreement to a file holds once, for what it did then, and while they could do it."""

import pytest

from services.permissions.domain.authority import level_of_subject
from services.permissions.domain.policy.commands import (
    DefineRole,
    SetRolePermission,
)
from services.permissions.domain.subject.commands import (
    LetSubjectLeave,
    MoveSubject,
    RevokeGrant,
)
from services.permissions.domain.subject.state import Placement, Terms
from shared.authorization.scopes import Clearance, Risk
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    LEO,
    ROBOT,
    TITLE,
    a_company,
    a_role,
    allowance,
    give,
    grant_id,
    join,
    on,
    permission,
    policy,
    role,
)
from tests.permissions.domain.test_second_person import EXPORT, LESS_RISK, a_ruled_company, classed


def test_it_is_agreed_to_once_by_somebody_else_who_could_do_it() -> None:
    story = a_ruled_company()
    story = story.agreed(LESS_RISK)
    assert [type(fact.event).__name__ for fact in story.told[-2:]] == [
        "PermissionDefined", "PolicyChangeMade",
    ]  # fmt: skip
    back = story.given(permission("customer:export", Risk.HIGH))
    back.when(LESS_RISK).then_refused("needs-second-person")


def test_who_agrees_needs_the_level_and_gains_nothing_by_it() -> None:
    story = a_ruled_company()
    lower = policy(DefineRole("giver", 70, TITLE))
    story.approved_by(BOB, lower).then_refused("above-own-level")
    mine = policy(SetRolePermission("boss", "customer:export", EXPORT))
    story.approved_by(BOB, mine).then_refused("not-for-yourself")


def test_nobody_agrees_with_themself_nor_through_an_own_account() -> None:
    robot = join(ROBOT, "robot", Placement(owner=ERIN), is_service=True)
    story, open_notes = a_ruled_company().given(robot), classed("notes", Clearance.PUBLIC)
    for who in (ERIN, ROBOT):
        agreed = story.approved_by(who, open_notes).then_done()
        agreed.when(open_notes).then_refused("needs-second-person")


def test_the_agreement_of_somebody_who_left_meanwhile_counts_no_more() -> None:
    lower = policy(DefineRole("exporter", 5, TITLE))
    agreed = a_company().approved_by(BOB, lower).then_done()
    agreed.when(lower).then_done()
    left = agreed.given(on(BOB, LetSubjectLeave("moved to the sea")))
    left.when(lower).then_refused("needs-second-person")


def test_the_agreement_of_somebody_who_may_not_change_the_policy_any_more_counts_no_more() -> None:
    lower = policy(DefineRole("exporter", 5, TITLE))
    agreed = a_company().approved_by(BOB, lower).then_done()
    agreed.when(lower).then_done()
    over = agreed.given(on(BOB, RevokeGrant(grant_id(80))))
    over.when(lower).then_refused("needs-second-person")


def test_the_agreement_of_somebody_who_may_not_do_all_of_it_any_more_counts_no_more() -> None:
    lower = policy(DefineRole("exporter", 5, TITLE))
    agreed = a_company().approved_by(BOB, lower).then_done()
    denied = agreed.given(give(BOB, 7, Terms(permission="role:change", effect="deny")))
    denied.when(lower).then_refused("needs-second-person")


@pytest.mark.parametrize(("level", "counts"), [(39, False), (40, True)])
def test_the_agreement_of_somebody_whose_level_fell_meanwhile_counts_no_more(
    level: int, *, counts: bool
) -> None:
    lower = policy(DefineRole("exporter", 5, TITLE))
    agreed = a_company().approved_by(BOB, lower).then_done()
    his = {"policy__change": "all/restricted", "role__change": "all/restricted"}
    fallen = agreed.installed(
        *role("clerk", level, **his), give(BOB, 7, a_role("clerk")),
        on(BOB, RevokeGrant(grant_id(2))), on(BOB, RevokeGrant(grant_id(80))),
    )  # fmt: skip
    assert level_of_subject(fallen.book.policy, fallen.subject(BOB), fallen.at) == level
    outcome = fallen.when(lower)
    if counts:
        outcome.then_done()
    else:
        outcome.then_refused("needs-second-person")


def test_the_agreement_of_somebody_who_would_gain_by_it_meanwhile_counts_no_more() -> None:
    robot = join(ROBOT, "robot", Placement(owner=LEO), is_service=True)
    exports = policy(SetRolePermission("seller", "customer:export", EXPORT))
    story = a_company().given(robot, give(ROBOT, 5, a_role("seller")))
    agreed = story.approved_by(BOB, exports).then_done()
    agreed.when(exports).then_done()
    his = agreed.installed(on(ROBOT, MoveSubject(Placement(owner=BOB))))
    his.when(exports).then_refused("needs-second-person")


@pytest.mark.parametrize("what", ["policy:change", "role:change"])
@pytest.mark.parametrize("how", ["own/restricted", "all/internal"])
def test_the_agreement_of_somebody_who_may_no_longer_do_it_everywhere_counts_no_more(
    what: str, how: str
) -> None:
    lower = policy(DefineRole("exporter", 5, TITLE))
    agreed = a_company().approved_by(BOB, lower).then_done()
    narrowed = policy(SetRolePermission("keeper", what, (allowance(how),)))
    agreed.installed(narrowed).when(lower).then_refused("needs-second-person")


def test_an_agreement_is_to_what_it_does_and_ends_after_a_week() -> None:
    exports = policy(SetRolePermission("seller", "customer:export", EXPORT))
    story = a_company().given(give(LEO, 5, a_role("seller")))
    agreed = story.approved_by(BOB, exports).then_done()
    agreed.given(exports)
    more = agreed.given(give(ADA, 6, a_role("seller")))
    more.when(exports).then_refused("needs-second-person")
    agreed.later(7 * DAY).when(exports).then_refused("needs-second-person")


def test_what_needs_nobody_is_not_agreed_to() -> None:
    agreed = a_company().approved_by(BOB, classed("notes", Clearance.RESTRICTED))
    agreed.then_refused("nothing-to-approve")
