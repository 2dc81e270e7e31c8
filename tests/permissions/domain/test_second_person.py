"""No change of the policy gets round the levels, or round the two people who must agree."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.permissions.domain.authority import level_of_subject
from services.permissions.domain.book import Asked
from services.permissions.domain.policy.commands import (
    ChooseDefaultRole,
    DefinePermission,
    DefineRole,
    DefineSodRule,
    RetirePermission,
    RetireRole,
    RetireSodRule,
    SetDataClass,
    SetFreshnessLimit,
    SetRolePermission,
)
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    BreakGlass,
    LetSubjectLeave,
    MoveSubject,
    ReinstateSubject,
    RequestGrant,
    ReviewGrant,
    RevokeGrant,
    SuspendSubject,
    TrustCaller,
)
from services.permissions.domain.subject.state import Placement, Terms
from shared.authorization.scopes import Clearance, Risk
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    ERIN,
    HOUR,
    KIM,
    LEO,
    NOON,
    ROBOT,
    TITLE,
    Story,
    a_company,
    a_role,
    allowance,
    give,
    grant_id,
    join,
    nothing,
    on,
    parent,
    permission,
    policy,
    role,
)

ASK, AGREE = "grant:request", "grant:approve"
EXPORT = (allowance("all/confidential"),)
LESS_RISK = permission("customer:export", Risk.LOW)


def classed(field: str, data_class: Clearance) -> Asked:
    return policy(SetDataClass("customer", field, data_class))


def a_ruled_company() -> Story:
    """Begin with a rule, a class, and Ada who reads."""
    apart = DefineSodRule("apart", "static", ("boss",), ("exporter",))
    story = a_company().given(permission(ASK, Risk.LOW), permission(AGREE))
    story = story.agreed(classed("notes", Clearance.CONFIDENTIAL))
    return story.given(policy(apart), give(ADA, 3, a_role("reader")))


class TestWhatNeedsTwo:
    @pytest.mark.parametrize(
        ("asked", "what"),
        [
            ([LESS_RISK], "the risk of customer:export falls from high to low"),
            ([permission("customer:change", Risk.LOW)], "falls from normal to low"),
            ([classed("notes", Clearance.PUBLIC)], "customer.notes is public instead of"),
            ([classed("emails", Clearance.PUBLIC)], "customer.emails is public instead of"),
            ([policy(ChooseDefaultRole("exporter"))], "whoever joins gets customer:export"),
            ([policy(SetRolePermission("reader", "customer:export", EXPORT))], "has reader (1)"),
            ([parent("reader", "exporter")], "reader (1) gets customer:export all/confidential"),
            ([policy(RetireSodRule("apart"))], "the rule apart keeps less apart"),
            ([policy(DefineSodRule("apart", "static", ("giver",), ("exporter",)))], "less apart"),
            ([policy(DefineSodRule("apart", "dynamic", (ASK,), (AGREE,)))], "less apart"),
            ([policy(SetFreshnessLimit(Risk.NORMAL, 31))], "normal permissions are decided"),
            ([policy(SetFreshnessLimit(Risk.HIGH, 6))], "high permissions are decided"),
            ([policy(SetFreshnessLimit(Risk.CRITICAL, 60))], "critical permissions are decided"),
            ([policy(DefineRole("exporter", 5, TITLE))], "exporter is of level 5 instead of 40"),
        ],
    )
    def test_a_change_that_may_do_much_harm_is_not_made_alone(
        self, asked: list[Asked], what: str
    ) -> None:
        story = a_ruled_company()
        assert what in story.when(*asked).then_refused("needs-second-person").detail
        story.agreed(*asked)

    def test_a_rule_keeps_less_apart_by_a_side_that_shrinks_or_by_its_kind_and_more_is_no_harm(
        self,
    ) -> None:
        story = a_ruled_company()
        for first, second in ((("boss",), ("giver",)), (("giver",), ("exporter",))):
            less = policy(DefineSodRule("apart", "static", first, second))
            assert "less apart" in story.when(less).then_refused("needs-second-person").detail
        story.given(policy(DefineSodRule("apart", "static", ("boss", "keeper"), ("exporter",))))
        asks = story.given(policy(DefineSodRule("asks", "static", (ASK,), (AGREE,))))
        by_record = policy(DefineSodRule("asks", "dynamic", (ASK,), (AGREE,)))
        asks.when(by_record).then_refused("needs-second-person")

    def test_what_gives_nobody_anything_risky_is_made_alone(self) -> None:
        a_ruled_company().given(
            permission("customer:change", Risk.CRITICAL),
            classed("notes", Clearance.RESTRICTED),
            policy(SetDataClass("plant", "*", Clearance.PUBLIC)),
            policy(SetRolePermission("reader", "customer:read", (allowance("all/internal"),))),
            *role("helper", 5, customer__export="all/confidential"),
            policy(SetFreshnessLimit(Risk.CRITICAL, 1)),
            policy(SetFreshnessLimit(Risk.LOW, 600)),
            policy(RetireRole("exporter")),
        )

    def test_who_leaves_in_the_same_change_and_whom_a_role_is_withheld_get_nothing_by_it(
        self,
    ) -> None:
        more = policy(SetRolePermission("reader", "customer:export", EXPORT))
        story = a_ruled_company()
        story.when(more).then_refused("needs-second-person")
        story.given(on(ADA, LetSubjectLeave()), more)
        withheld = give(LEO, 5, Terms(role="reader", effect="deny"))
        a_company().given(withheld).given(more)

    def test_what_daybook_starts_with_is_agreed_to_by_whoever_installs_it(self) -> None:
        exports = (
            permission("customer:export", Risk.HIGH),
            *role("joiner", 0, customer__export="all/confidential"),
            policy(ChooseDefaultRole("joiner")),
        )
        nothing().given(*exports)
        replace(nothing(), is_installation=False).when(*exports).then_refused("needs-second-person")

    def test_whoever_makes_a_permission_may_put_it_into_a_role_in_the_same_change(self) -> None:
        made = (permission("report:read", Risk.LOW), *role("reporter", 10))
        puts = policy(SetRolePermission("reporter", "report:read", (allowance("own/internal"),)))
        story = a_company().asked_by(BOB)
        story.given(*made, puts)
        story.given(*made).when(puts).then_refused("above-own-level")

    def test_a_risk_that_falls_in_the_same_change_still_counts(self) -> None:
        story = a_company()
        story.when(LESS_RISK, give(ADA, 5, a_role("exporter"))).then_refused("needs-second-person")
        back = permission("customer:export", Risk.HIGH)
        story.when(LESS_RISK, give(ADA, 5, a_role("exporter")), back).then_refused(
            "needs-second-person"
        )

    def test_what_becomes_risky_after_it_was_given_in_the_same_change_counts(self) -> None:
        story = a_company()
        more = policy(SetRolePermission("reader", "customer:export", EXPORT))
        story.when(give(ADA, 5, a_role("reader")), more).then_refused("needs-second-person")
        risky = permission("customer:read", Risk.HIGH)
        story.when(give(ADA, 5, a_role("reader")), risky).then_refused("needs-second-person")

    def test_a_permission_or_role_that_comes_back_gives_it_to_whoever_still_has_it(self) -> None:
        story = a_company().given(
            permission("report:export", Risk.HIGH),
            *role("reporter", 40, report__export="all/confidential"),
        )
        story = story.asked_by(ADA).given(on(ADA, RequestGrant(grant_id(5), a_role("reporter"))))
        story = story.asked_by(ERIN).given(on(ADA, ApproveGrant(grant_id(5))))
        for gone, again in (
            (RetireRole("reporter"), DefineRole("reporter", 40, TITLE)),
            (
                RetirePermission("report:export"),
                DefinePermission("report:export", Risk.HIGH, TITLE),
            ),
        ):
            story.given(policy(gone)).when(policy(again)).then_refused("needs-second-person")

    def test_what_only_higher_roles_have_is_not_put_into_a_lower_one(self) -> None:
        story = a_company().asked_by(BOB)
        gives = policy(SetRolePermission("seller", "grant:give", (allowance("own/public"),)))
        story.when(gives).then_refused("above-own-level")
        story.when(*role("mine", 1), parent("mine", "giver")).then_refused("above-own-level")
        wider = policy(SetRolePermission("seller", "customer:read", (allowance("all/internal"),)))
        story.given(wider)

    def test_what_a_denied_role_withholds_is_freed_by_nobody_below_its_level(self) -> None:
        withheld = replace(a_role("giver"), effect="deny")
        story = a_company().given(give(ADA, 6, withheld)).asked_by(BOB)
        less = policy(SetRolePermission("keeper", "role:change", ()))
        story.when(less).then_refused("above-own-level")
        story.when(policy(RetireRole("keeper"))).then_done()
        story.asked_by(ERIN).given(less)
        a_company().asked_by(BOB).given(less)

    def test_a_level_that_falls_in_the_same_change_still_counts(self) -> None:
        lower = policy(DefineRole("giver", 10, TITLE))
        story = a_company().asked_by(BOB)
        story.when(lower, give(ADA, 5, a_role("giver"))).then_refused("above-own-level")
        retired = policy(RetireRole("giver"))
        story.when(retired, policy(DefineRole("giver", 1, TITLE))).then_refused("above-own-level")


class TestOwnAccounts:
    """A service account acts for whoever answers for it."""

    def a_robot(self, owner: UUID = ERIN) -> Story:
        """Begin with a robot, for which somebody answers."""
        return a_company().given(join(ROBOT, "robot", Placement(owner=owner), is_service=True))

    def test_nothing_is_given_to_an_own_account_nor_by_it_to_its_owner(self) -> None:
        story = self.a_robot()
        story.when(give(ROBOT, 5, a_role("reader"))).then_refused("not-for-yourself")
        story.asked_by(ROBOT).when(give(ERIN, 5, a_role("joiner"))).then_refused("not-for-yourself")
        for command in (TrustCaller(), MoveSubject(Placement(owner=BOB))):
            story.when(on(ROBOT, command)).then_refused("not-for-yourself")
        suspended = story.given(on(ROBOT, SuspendSubject()))
        suspended.when(on(ROBOT, ReinstateSubject())).then_refused("not-for-yourself")

    def test_an_own_account_is_no_second_person(self) -> None:
        asked = on(ADA, RequestGrant(grant_id(5), a_role("exporter")))
        for asks, approves in ((ROBOT, ERIN), (ERIN, ROBOT)):
            story = self.a_robot().asked_by(asks).given(asked).asked_by(approves)
            story.when(on(ADA, ApproveGrant(grant_id(5)))).then_refused("own-request")
        moved = self.a_robot().asked_by(ROBOT).given(asked).asked_by(BOB)
        moved = moved.given(on(ROBOT, MoveSubject(Placement(owner=LEO)))).asked_by(ERIN)
        moved.when(on(ADA, ApproveGrant(grant_id(5)))).then_refused("own-request")

    def test_nobody_takes_over_an_account_that_may_something(self) -> None:
        story = self.a_robot(LEO).given(give(ROBOT, 5, a_role("reader")))
        mine = on(ROBOT, MoveSubject(Placement(owner=ERIN)))
        story.when(mine).then_refused("not-for-yourself")
        story.asked_by(BOB).given(mine)

    def test_nobody_gains_by_a_change_of_a_role_that_an_own_account_has(self) -> None:
        story = self.a_robot().asked_by(BOB).given(give(ROBOT, 5, a_role("reader")))
        more = policy(SetRolePermission("reader", "customer:change", (allowance("own/internal"),)))
        story.asked_by(ERIN).when(more).then_refused("not-for-yourself")
        story.given(more)

    def test_an_emergency_is_a_persons_and_not_reviewed_by_an_own_account(self) -> None:
        reads = BreakGlass(grant_id(5), a_role("reader", until=NOON + HOUR), "fire")
        story = self.a_robot()
        story.asked_by(ROBOT).when(on(ROBOT, reads)).then_refused("break-glass-for-others")
        story = story.given(on(ERIN, reads)).asked_by(ROBOT)
        review = on(ERIN, ReviewGrant(grant_id(5), "justified"))
        story.when(review).then_refused("not-for-yourself")


class TestEmergencies:
    def test_an_emergency_gives_no_level_and_no_say_about_rights(self) -> None:
        until = NOON + HOUR
        story = a_company().given(permission("policy:change", Risk.CRITICAL))
        story = story.given(*role("ruler", 100, policy__change="all/internal"))
        story = story.asked_by(ADA)
        rules = BreakGlass(grant_id(5), a_role("ruler", until=until), "fire")
        story.when(on(ADA, rules)).then_refused("break-glass-not-for-grants")
        story = story.given(on(ADA, BreakGlass(grant_id(6), a_role("boss", until=until), "fire")))
        assert level_of_subject(story.book.policy, story.subject(ADA), NOON) == 0
        story.given(on(ADA, RevokeGrant(grant_id(6))))

    def test_it_gives_no_say_about_rights_whatever_its_risk_and_withholds_nothing(self) -> None:
        story = a_company().asked_by(ADA)
        says = a_role("keeper", until=NOON + HOUR)  # Changes the policy, of normal risk here.
        less = Terms(permission="customer:read", effect="deny", until=NOON + HOUR)
        for terms in (says, less):
            asked = on(ADA, BreakGlass(grant_id(5), terms, "fire"))
            story.when(asked).then_refused("break-glass-not-for-grants")

    def test_whoever_is_suspended_or_not_known_takes_nothing(self) -> None:
        exports = BreakGlass(grant_id(5), a_role("exporter", until=NOON + HOUR), "fire")
        suspended = a_company().given(on(ADA, SuspendSubject())).asked_by(ADA)
        suspended.when(on(ADA, exports)).then_refused("inactive-subject")
        at_once = a_company().asked_by(ADA).when(on(ADA, SuspendSubject()), on(ADA, exports))
        at_once.then_refused("break-glass-for-others")
        unknown = a_company().asked_by(KIM).when(on(KIM, exports))
        unknown.then_refused("subject-not-found")
