"""Nobody gives above the own level, to themself, or something risky alone."""

import pytest

from services.permissions.domain.policy.commands import (
    ChooseDefaultRole,
    DefineRole,
    SetRolePermission,
)
from services.permissions.domain.rights import standing_of
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    BreakGlass,
    ExtendGrant,
    GiveGrant,
    ReduceGrant,
    RefuseGrant,
    RequestGrant,
    ReviewGrant,
    RevokeGrant,
    SubjectCommand,
)
from services.permissions.domain.subject.state import Terms
from shared.authorization.scopes import Clearance, Risk, Scope
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    HOUR,
    LEO,
    NOON,
    TITLE,
    a_company,
    a_role,
    allowance,
    give,
    grant_id,
    on,
    parent,
    permission,
    policy,
    role,
)

READS = Terms(permission="customer:read", scope=Scope.OWN, clearance=Clearance.INTERNAL)
EXPORTS = a_role("exporter")


class TestLevels:
    def test_nobody_gives_a_role_above_the_own_level(self) -> None:
        refusal = (a_company().asked_by(BOB).when(give(ADA, 5, a_role("giver")))).then_refused(
            "above-own-level"
        )
        assert refusal.who_can_help == "whoever has the role giver"
        a_company().asked_by(BOB).given(give(ADA, 5, a_role("seller")))

    def test_a_role_counts_with_all_that_comes_with_it(self) -> None:
        story = a_company().given(*role("harmless", 1), parent("harmless", "boss"))
        story = story.given(give(LEO, 5, a_role("seller")))
        story.asked_by(LEO).when(give(ADA, 6, a_role("harmless"))).then_refused("above-own-level")

    def test_who_has_no_role_now_gives_nothing(self) -> None:
        story = a_company().given(
            give(LEO, 5, a_role("boss", until=NOON + DAY)),
            give(ADA, 6, a_role("boss", starts=NOON + DAY)),
        )
        story.asked_by(LEO).given(give(BOB, 7, a_role("reader")))
        asked = give(BOB, 7, a_role("reader"))
        story.asked_by(LEO).later(DAY).when(asked).then_refused("above-own-level")
        story.asked_by(ADA).when(asked).then_refused("above-own-level")
        story.asked_by(ADA).later(DAY).given(asked)

    def test_a_single_permission_takes_the_level_of_the_lowest_role_that_reaches_as_far(
        self,
    ) -> None:
        story = a_company().given(give(LEO, 5, a_role("seller"))).asked_by(LEO)
        story.given(give(ADA, 6, READS))
        far = Terms(permission="customer:read", scope=Scope.ALL, clearance=Clearance.INTERNAL)
        story.when(give(ADA, 6, far)).then_refused("above-own-level")

    def test_a_role_above_the_own_level_is_not_changed_or_made(self) -> None:
        story = a_company().asked_by(BOB)
        more = SetRolePermission("giver", "customer:read", (allowance("own/internal"),))
        for command in (more, DefineRole("king", 90, TITLE), DefineRole("giver", 1, TITLE)):
            story.when(policy(command)).then_refused("above-own-level")
        story.when(policy(ChooseDefaultRole("giver"))).then_refused("above-own-level")

    def test_what_somebody_higher_was_given_is_not_taken_by_somebody_lower(self) -> None:
        story = a_company().asked_by(BOB)
        story.when(on(ERIN, RevokeGrant(grant_id(1)))).then_refused("above-own-level")


class TestOneself:
    @pytest.mark.parametrize(
        "command",
        [
            GiveGrant(grant_id(5), READS),
            ExtendGrant(grant_id(1), None),
        ],
    )
    def test_nobody_gives_anything_to_themself(self, command: SubjectCommand) -> None:
        a_company().when(on(ERIN, command)).then_refused("not-for-yourself")

    def test_nobody_gains_by_changing_the_own_role(self) -> None:
        more = SetRolePermission("giver", "customer:read", (allowance("all/restricted"),))
        refusal = a_company().when(policy(more)).then_refused("not-for-yourself")
        assert "customer:read" in refusal.detail
        a_company().when(parent("giver", "boss")).then_refused("not-for-yourself")
        a_company().when(parent("joiner", "boss")).then_refused("not-for-yourself")

    def test_nobody_lifts_a_denial_of_themself(self) -> None:
        denial = Terms(permission="customer:read", effect="deny")
        story = a_company().given(give(BOB, 5, denial))
        asked = on(BOB, RevokeGrant(grant_id(5)))
        story.asked_by(BOB).when(asked).then_refused("not-for-yourself")
        story.given(asked)

    def test_nobody_approves_the_own_request(self) -> None:
        for who in (BOB, ADA):
            story = a_company().asked_by(BOB)
            story = story.given(on(who, RequestGrant(grant_id(5), a_role("reader"))))
            story.when(on(who, ApproveGrant(grant_id(5)))).then_refused("own-request")

    def test_nobody_approves_what_somebody_else_asked_for_them(self) -> None:
        story = a_company().asked_by(ADA)
        story = story.given(on(BOB, RequestGrant(grant_id(5), a_role("seller"))))
        story.asked_by(BOB).when(on(BOB, ApproveGrant(grant_id(5)))).then_refused(
            "not-for-yourself"
        )


class TestTwoPeople:
    def test_what_is_risky_is_requested_and_given_when_somebody_else_agrees(self) -> None:
        story = a_company()
        story.when(give(ADA, 5, EXPORTS)).then_refused("needs-second-person")
        story = (
            story.asked_by(ADA)
            .when(on(ADA, RequestGrant(grant_id(5), EXPORTS)))
            .then("GrantRequested")
        )
        assert not story.subject(ADA).grants.get(grant_id(5))
        story = (
            story.asked_by(ERIN)
            .when(on(ADA, ApproveGrant(grant_id(5))))
            .then("GrantApproved", "GrantGiven")
        )
        assert story.subject(ADA).grants[grant_id(5)].approved_by == (ERIN,)
        assert not story.subject(ADA).requests

    def test_a_role_is_risky_by_what_comes_with_it(self) -> None:
        story = a_company().given(*role("wide"), parent("wide", "exporter"))
        story.when(give(ADA, 5, a_role("wide"))).then_refused("needs-second-person")

    def test_restricted_data_of_everybody_is_risky_and_less_of_it_is_not(self) -> None:
        far = Terms(permission="customer:change", scope=Scope.ALL, clearance=Clearance.CONFIDENTIAL)
        story = a_company().given(*role("all", 80, customer__change="all/restricted"))
        story.when(give(ADA, 5, a_role("all"))).then_refused("needs-second-person")
        capped = Terms(role="all", scope=Scope.DEPARTMENT)
        story.given(give(ADA, 5, capped), give(LEO, 6, far))

    def test_who_approves_needs_the_level_too(self) -> None:
        story = a_company().asked_by(ADA)
        story = story.given(on(ADA, RequestGrant(grant_id(5), a_role("giver"))))
        story.asked_by(BOB).when(on(ADA, ApproveGrant(grant_id(5)))).then_refused("above-own-level")

    def test_a_refused_request_is_gone_and_the_own_one_may_be_taken_back(self) -> None:
        asked = on(ADA, RequestGrant(grant_id(5), EXPORTS))
        for who in (ADA, BOB):
            story = a_company().asked_by(ADA).given(asked).asked_by(who)
            story = story.given(on(ADA, RefuseGrant(grant_id(5))))
            story.when(on(ADA, ApproveGrant(grant_id(5)))).then_refused("request-not-found")

    def test_something_risky_is_not_extended_by_one_alone(self) -> None:
        timed = a_role("exporter", until=NOON + DAY)
        story = a_company().asked_by(ADA).given(on(ADA, RequestGrant(grant_id(5), timed)))
        story = story.asked_by(ERIN).given(on(ADA, ApproveGrant(grant_id(5))))
        asked = on(ADA, ExtendGrant(grant_id(5), NOON + 2 * DAY))
        story.when(asked).then_refused("needs-second-person")


class TestEmergencies:
    def test_it_is_taken_at_once_ends_by_itself_and_has_to_be_reviewed(self) -> None:
        exports = a_role("exporter", until=NOON + HOUR)
        story = a_company().asked_by(ADA)
        story = story.given(on(ADA, BreakGlass(grant_id(5), exports, "the plant is on fire")))
        assert story.subject(ADA).grants[grant_id(5)].is_break_glass
        story = story.later(2 * HOUR)
        assert story.subject(ADA).to_review == (grant_id(5),)
        review = on(ADA, ReviewGrant(grant_id(5), "justified"))
        story.when(review).then_refused("not-for-yourself")
        assert not story.asked_by(BOB).given(review).subject(ADA).to_review

    def test_it_lasts_four_hours_at_most_and_is_not_extended(self) -> None:
        story = a_company().asked_by(ADA)
        for until in (None, NOON + 4 * HOUR + HOUR / 3600):
            asked = BreakGlass(grant_id(5), a_role("exporter", until=until), "fire")
            assert story.when(on(ADA, asked)).then_refused("invalid-input").field == "until"
        asked = BreakGlass(grant_id(5), a_role("exporter", until=NOON + 4 * HOUR), "fire")
        story = story.given(on(ADA, asked)).asked_by(ERIN)
        longer = on(ADA, ExtendGrant(grant_id(5), NOON + 5 * HOUR))
        story.when(longer).then_refused("break-glass-not-extended")

    def test_it_is_nobody_elses_and_never_the_right_to_give_rights(self) -> None:
        story = a_company().asked_by(ADA)
        exports = BreakGlass(grant_id(5), a_role("exporter", until=NOON + HOUR), "fire")
        story.when(on(LEO, exports)).then_refused("break-glass-for-others")
        gives = BreakGlass(grant_id(5), a_role("giver", until=NOON + HOUR), "fire")
        story.when(on(ADA, gives)).then_refused("break-glass-not-for-grants")

    @pytest.mark.parametrize("named", ["review:start", "grant:revoke", "customer:erase"])
    def test_it_is_never_what_ends_the_rights_of_others_nor_what_is_critical(
        self, named: str
    ) -> None:
        story = a_company().given(permission(named, Risk.CRITICAL)).asked_by(ADA)
        terms = Terms(
            permission=named, scope=Scope.ALL, clearance=Clearance.RESTRICTED, until=NOON + HOUR
        )
        asked = on(ADA, BreakGlass(grant_id(5), terms, "fire"))
        story.when(asked).then_refused("break-glass-not-for-grants")

    def test_the_fourth_waits_for_a_review_also_when_the_others_are_revoked(self) -> None:
        story = a_company().asked_by(ADA)
        for number in (5, 6, 7):
            exports = a_role("exporter", until=NOON + HOUR)
            story = story.given(on(ADA, BreakGlass(grant_id(number), exports, "fire")))
            story = story.given(on(ADA, RevokeGrant(grant_id(number)))) if number == 5 else story
        fourth = on(ADA, BreakGlass(grant_id(8), a_role("reader", until=NOON + HOUR), "fire"))
        story.when(fourth).then_refused("break-glass-not-reviewed")


class TestTerms:
    def test_a_window_begins_before_it_ends_and_is_not_over(self) -> None:
        for terms in (
            a_role("reader", until=NOON),
            a_role("reader", starts=NOON + DAY, until=NOON + DAY),
        ):
            refusal = a_company().when(give(ADA, 5, terms)).then_refused("invalid-input")
            assert refusal.field == "until"

    def test_it_is_open_from_its_first_moment_and_closed_at_its_end(self) -> None:
        terms = a_role("reader", starts=NOON, until=NOON + HOUR)
        assert terms.is_open(NOON)
        assert not terms.is_open(NOON - HOUR / 3_600_000_000)
        assert terms.is_open(NOON + HOUR - HOUR / 3_600_000_000)
        assert not terms.is_open(NOON + HOUR)

    def test_a_single_permission_says_how_far_it_reaches(self) -> None:
        bare = Terms(permission="customer:read")
        refusal = a_company().when(give(ADA, 5, bare)).then_refused("invalid-input")
        assert refusal.field == "scope"
        both = Terms(role="reader", permission="customer:read")
        a_company().when(give(ADA, 5, both)).then_refused("invalid-input")

    def test_a_grant_is_reduced_and_never_widened_by_it(self) -> None:
        capped = Terms(role="seller", scope=Scope.TEAM, until=NOON + DAY)
        story = a_company().given(give(ADA, 5, capped))
        wider = on(ADA, ReduceGrant(grant_id(5), scope=Scope.ALL))
        assert story.when(wider).then_refused("invalid-input").field == "scope"
        longer = on(ADA, ReduceGrant(grant_id(5), until=NOON + 2 * DAY))
        assert story.when(longer).then_refused("invalid-input").field == "until"
        less = ReduceGrant(grant_id(5), Scope.OWN, Clearance.PUBLIC, NOON + HOUR)
        story = story.when(on(ADA, less)).then("GrantReduced")
        assert story.subject(ADA).grants[grant_id(5)].terms == Terms(
            role="seller", scope=Scope.OWN, clearance=Clearance.PUBLIC, until=NOON + HOUR
        )
        story.when(on(ADA, less)).then()

    def test_a_grant_is_extended_and_never_shortened_by_it(self) -> None:
        story = a_company().given(give(ADA, 5, a_role("seller", until=NOON + DAY)))
        shorter = on(ADA, ExtendGrant(grant_id(5), NOON + HOUR))
        assert story.when(shorter).then_refused("invalid-input").field == "until"
        story = story.when(on(ADA, ExtendGrant(grant_id(5), None))).then("GrantExtended")
        assert story.subject(ADA).grants[grant_id(5)].terms.until is None
        story = a_company().given(give(ADA, 5, a_role("seller", until=NOON + DAY)))
        over = story.later(DAY).when(on(ADA, ExtendGrant(grant_id(5), NOON + 2 * DAY)))
        over.then_refused("grant-over")

    def test_a_denial_beats_every_allowance_and_has_no_scope(self) -> None:
        denial = Terms(permission="customer:read", effect="deny")
        story = a_company().given(give(ADA, 5, a_role("reader")), give(ADA, 6, denial))
        standing = standing_of(story.book.policy, story.subject(ADA))
        assert standing.denied.keys() == {"customer:read"}
        narrow = Terms(permission="customer:read", effect="deny", scope=Scope.OWN)
        a_company().when(give(ADA, 5, narrow)).then_refused("invalid-input")
        reduced = on(ADA, ReduceGrant(grant_id(6), until=NOON + HOUR))
        story.when(reduced).then_refused("denial-not-reduced")

    def test_a_grant_of_what_is_not_there_is_refused(self) -> None:
        a_company().when(give(ADA, 5, a_role("king"))).then_refused("role-not-found")
        a_company().when(on(ADA, RevokeGrant(grant_id(99)))).then_refused("grant-not-found")
