"""What a rule keeps apart never comes together: by a grant, by a role, or through other roles."""

from uuid import UUID

import pytest

from services.permissions.domain.policy.commands import (
    DefineRole,
    DefineSodRule,
    RetireRole,
    RetireSodRule,
    SetRolePermission,
)
from services.permissions.domain.separation import exceptions_in_force
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    ExtendGrant,
    GiveSodException,
    MoveSubject,
    RequestGrant,
    WithdrawSodException,
)
from services.permissions.domain.subject.state import Placement, Subject, Terms
from shared.authorization.scopes import Clearance, Risk, Scope
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    LEO,
    NOON,
    NORTH,
    TITLE,
    Story,
    a_company,
    a_role,
    allowance,
    give,
    grant_id,
    join,
    on,
    parent,
    permission,
    policy,
    role,
)

RULE = DefineSodRule("pay_own", "static", ("invoice:create", "clerk"), ("invoice:approve",))
CREATES = Terms(permission="invoice:create", scope=Scope.OWN, clearance=Clearance.INTERNAL)


OFFICE = (
    permission("invoice:create"),
    permission("invoice:approve", Risk.NORMAL),
    *role("clerk", 10, invoice__create="own/internal"),
    *role("checker", 10, invoice__approve="all/internal"),
)


def an_office() -> Story:
    """Begin with clerks and checkers, who are kept apart."""
    return a_company().given(*OFFICE).given(policy(RULE))


class TestGiving:
    def test_the_second_side_is_refused_to_whoever_has_the_first(self) -> None:
        story = an_office().given(give(ADA, 5, a_role("clerk")))
        refusal = story.when(give(ADA, 6, a_role("checker"))).then_refused("separation-of-duties")
        assert str(ADA) in refusal.detail
        assert refusal.who_can_help
        story.given(give(BOB, 6, a_role("checker")))

    def test_it_makes_no_difference_how_the_two_sides_come(self) -> None:
        story = an_office().given(give(ADA, 5, a_role("checker")))
        story.when(give(ADA, 6, CREATES)).then_refused("separation-of-duties")
        story.when(give(ADA, 6, Terms(role="clerk", records=("7",)))).then_refused(
            "separation-of-duties"
        )
        asks = on(ADA, RequestGrant(grant_id(6), a_role("clerk")))
        story = an_office().asked_by(BOB).given(asks).asked_by(ERIN)
        story = story.given(give(ADA, 5, a_role("checker")))
        story.when(on(ADA, ApproveGrant(grant_id(6)))).then_refused("separation-of-duties")

    def test_it_is_told_what_is_apart_and_of_many_who_would_hold_both_only_some(self) -> None:
        second = give(ADA, 6, a_role("checker"))
        of_role = DefineSodRule("roles", "static", ("clerk",), ("checker",))
        for rule, field in ((RULE, "permission"), (of_role, "role")):
            story = a_company().given(*OFFICE, policy(rule), give(ADA, 5, a_role("clerk")))
            assert story.when(second).then_refused("separation-of-duties").field == field
        story = a_company().given(*OFFICE)
        for n in range(20, 27):
            both = (
                give(UUID(int=n), n, a_role("clerk")),
                give(UUID(int=n), n + 50, a_role("checker")),
            )
            story = story.given(join(UUID(int=n), f"n{n}"), *both)
        told = story.when(policy(RULE)).then_refused("separation-of-duties").detail
        assert [n for n in range(20, 27) if str(UUID(int=n)) in told] == [*range(20, 25)]
        assert "and 2 more would hold both" in told

    def test_a_refusal_names_nobody_who_breaks_another_rule_than_the_one_it_tells_of(self) -> None:
        story = an_office().given(policy(DefineSodRule("other", "static", ("reader",), ("boss",))))
        story = story.given(give(ADA, 5, a_role("clerk")), give(LEO, 6, a_role("reader")))
        both = (give(ADA, 7, a_role("checker")), give(LEO, 8, a_role("boss")))
        told = story.when(*both).then_refused("separation-of-duties").detail
        named = {"pay_own": str(ADA), "other": str(LEO)}
        assert [rule for rule, who in named.items() if who in told] == [
            rule for rule in named if f"the rule {rule} " in told
        ]

    def test_both_in_one_role_are_refused_to_everybody(self) -> None:
        story = an_office().given(*role("both"), parent("both", "clerk"), parent("both", "checker"))
        story.when(give(ADA, 5, a_role("both"))).then_refused("separation-of-duties")

    def test_one_after_the_other_is_no_conflict(self) -> None:
        story = an_office().given(give(ADA, 5, a_role("clerk", until=NOON + DAY)))
        story = story.given(give(ADA, 6, a_role("checker", starts=NOON + DAY)))
        longer = on(ADA, ExtendGrant(grant_id(5), NOON + 2 * DAY))
        story.when(longer).then_refused("separation-of-duties")

    def test_a_denied_side_still_counts_and_a_dynamic_rule_refuses_no_grant(self) -> None:
        story = an_office().given(give(ADA, 5, a_role("clerk")))
        denial = Terms(permission="invoice:create", effect="deny")
        denied = story.given(give(ADA, 7, denial))
        denied.when(give(ADA, 6, a_role("checker"))).then_refused("separation-of-duties")
        asks, agrees = "grant:request", "grant:approve"
        dynamic = DefineSodRule("pay_own", "dynamic", (asks,), (agrees,))
        story = story.given(permission(asks, Risk.LOW), permission(agrees))
        story.agreed(policy(dynamic)).given(give(ADA, 6, a_role("checker")))

    def test_a_dynamic_rule_lets_one_person_hold_what_nobody_does_twice_on_a_record(self) -> None:
        asks, agrees = "grant:request", "grant:approve"
        story = an_office().given(permission(asks, Risk.LOW), permission(agrees))
        story = story.given(*role("asker", 10, grant__request="own/internal"))
        story = story.given(*role("agreer", 10, grant__approve="own/internal"))
        story = story.given(policy(DefineSodRule("own_asked", "dynamic", (asks,), (agrees,))))
        story.given(give(ADA, 5, a_role("asker")), give(ADA, 6, a_role("agreer")))

    def test_a_dynamic_rule_about_deeds_that_nobody_tells_is_refused(self) -> None:
        for name in ("customer:read", "invoice:create", "clerk"):
            for sides in ((name, "grant:give"), ("grant:request", name)):
                rule = DefineSodRule("mine", "dynamic", sides[:1], sides[1:])
                story = an_office().given(permission("grant:request", Risk.LOW))
                refusal = story.when(policy(rule)).then_refused("invalid-input")
                assert refusal.field == ("second" if sides[0] == "grant:request" else "first")
                assert "grant:approve and grant:request" in refusal.detail

    def test_what_is_withheld_is_not_held(self) -> None:
        denial = Terms(role="clerk", effect="deny")
        story = an_office().given(give(ADA, 5, denial), give(ADA, 6, a_role("checker")))
        story.given(give(LEO, 7, a_role("clerk")), give(LEO, 8, Terms("checker", effect="deny")))

    def test_whoever_broke_a_rule_before_is_not_refused_what_has_nothing_to_do_with_it(
        self,
    ) -> None:
        both = (give(ADA, 5, a_role("clerk")), give(ADA, 6, a_role("checker")))
        story = an_office().installed(*both).given(give(ADA, 7, a_role("reader")))
        story.when(give(LEO, 8, a_role("clerk")), give(LEO, 9, a_role("checker"))).then_refused(
            "separation-of-duties"
        )

    def test_a_team_and_what_lies_under_a_department_bring_nothing_that_could_conflict(
        self,
    ) -> None:
        checker = give(ADA, 5, a_role("checker"))
        clerk = give(LEO, 6, a_role("clerk"))
        story = an_office().given(checker, clerk)
        together = Placement(department="sales/north", teams=(NORTH,))
        story = story.given(on(LEO, MoveSubject(together)), on(ADA, MoveSubject(together)))
        held = {who: {its.terms.role for its in story.subject(who).grants.values()}
                for who in (ADA, LEO)}  # fmt: skip
        assert held == {ADA: {"joiner", "checker"}, LEO: {"joiner", "clerk"}}


class TestChangingRoles:
    @pytest.mark.parametrize("holder", [ADA, LEO])
    def test_a_role_does_not_get_what_its_holders_must_not_have(self, holder: object) -> None:
        story = an_office().given(*role("deputy", 10))
        story = story.given(give(ADA, 5, a_role("deputy")), give(LEO, 6, a_role("deputy")))
        story = story.given(*(give(who, 7, a_role("checker")) for who in (ADA, LEO)))
        more = SetRolePermission("deputy", "invoice:create", (allowance("own/internal"),))
        refusal = story.when(policy(more)).then_refused("separation-of-duties")
        assert str(holder) in refusal.detail

    def test_it_makes_no_difference_through_how_many_roles(self) -> None:
        story = an_office().given(*role("deputy"), *role("helper"), parent("deputy", "helper"))
        story = story.given(give(ADA, 5, a_role("deputy")), give(ADA, 6, a_role("checker")))
        refusal = story.when(parent("helper", "clerk")).then_refused("separation-of-duties")
        assert str(ADA) in refusal.detail

    def test_a_role_does_not_come_back_into_a_conflict(self) -> None:
        story = an_office().given(policy(RetireRole("clerk")))
        story = story.given(*role("deputy"), give(ADA, 5, a_role("checker")))
        story = story.given(policy(DefineRole("clerk", 10, TITLE)), give(LEO, 6, a_role("clerk")))
        story = story.given(policy(RetireRole("clerk")))
        story = story.given(give(LEO, 7, a_role("checker")))
        again = policy(DefineRole("clerk", 10, TITLE))
        assert str(LEO) in story.when(again).then_refused("separation-of-duties").detail

    def test_a_new_rule_is_refused_while_somebody_would_break_it(self) -> None:
        story = an_office().agreed(policy(RetireSodRule("pay_own")))
        story = story.given(give(ADA, 5, a_role("clerk")), give(ADA, 6, a_role("checker")))
        assert str(ADA) in story.when(policy(RULE)).then_refused("separation-of-duties").detail


class TestExceptions:
    def test_an_exception_lets_both_be_held_no_longer_than_it_lasts(self) -> None:
        excepted = on(ADA, GiveSodException("pay_own", NOON + DAY, "Leo is ill"))
        story = an_office().given(give(ADA, 5, a_role("clerk"))).given(excepted)
        story.when(give(ADA, 6, a_role("checker"))).then_refused("separation-of-duties")
        longer = give(ADA, 6, a_role("checker", until=NOON + 2 * DAY))
        story.when(longer).then_refused("separation-of-duties")
        story = story.given(give(ADA, 6, a_role("checker", until=NOON + DAY)))
        withdrawn = on(ADA, WithdrawSodException("pay_own"))
        story.when(withdrawn).then_refused("separation-of-duties")
        story.later(DAY).given(withdrawn)

    def test_nobody_makes_an_exception_for_themself_or_for_ever(self) -> None:
        story = an_office()
        own = on(ERIN, GiveSodException("pay_own", NOON + DAY, "I"))
        story.when(own).then_refused("not-for-yourself")
        for until in (NOON, NOON + 367 * DAY):
            asked = on(ADA, GiveSodException("pay_own", until, "x"))
            assert story.when(asked).then_refused("invalid-input").field == "until"
        unknown = on(ADA, GiveSodException("pay", NOON + DAY, "x"))
        story.when(unknown).then_refused("sod-rule-not-found")
        story.when(on(ADA, WithdrawSodException("pay_own"))).then_refused("sod-rule-not-found")

    def test_an_exception_is_over_at_its_last_moment(self) -> None:
        subject = Subject(sod_exceptions={"pay_own": NOON, "other": NOON + DAY})
        assert set(exceptions_in_force(subject, NOON)) == {"other"}
