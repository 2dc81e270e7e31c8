"""Nobody waits for what nobody may ever approve: it is refused when it is asked for."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.permissions.domain.policy.commands import DefineSodRule, RetireRole
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    GiveSodException,
    LetSubjectLeave,
    RequestGrant,
    RevokeGrant,
    SuspendSubject,
)
from services.permissions.domain.subject.state import Terms
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.scopes import Clearance, Scope
from tests.permissions.domain.files import demo
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    HOUR,
    LEO,
    NOON,
    Story,
    a_company,
    a_role,
    give,
    grant_id,
    on,
    policy,
    role,
)

KEPT_APART = policy(DefineSodRule("sell_or_read", "static", ("seller",), ("reader",)))
ASKED = grant_id(70)
READS = on(ADA, RequestGrant(ASKED, a_role("reader")))
APPROVES = on(ADA, ApproveGrant(ASKED))


def a_seller(until: timedelta | None = None) -> Story:
    """Begin with Ada, who sells and therefore must not read; she asks next."""
    ends = None if until is None else NOON + until
    story = a_company().given(KEPT_APART, give(ADA, 5, a_role("seller", until=ends)))
    return story.asked_by(ADA)


class TestKeptApart:
    def test_it_is_refused_with_the_rule_and_who_makes_exceptions(self) -> None:
        refusal = a_seller().when(READS).then_refused("separation-of-duties")
        assert "sell_or_read" in refusal.detail
        assert refusal.field == "role"
        assert "exception" in (refusal.fix or "")
        assert "sod:except" in (refusal.who_can_help or "")

    def test_also_who_asks_for_somebody_else_is_told_at_once(self) -> None:
        a_seller().asked_by(LEO).when(READS).then_refused("separation-of-duties")

    def test_after_an_exception_it_is_asked_for_and_approved_as_long_as_that_lasts(self) -> None:
        makes = on(ADA, GiveSodException("sell_or_read", NOON + DAY, "one day"))
        excepted = a_seller().asked_by(ERIN).given(makes).asked_by(ADA)
        excepted.when(READS).then_refused("separation-of-duties")
        short = on(ADA, RequestGrant(ASKED, a_role("reader"), lasts=HOUR))
        excepted.given(short).asked_by(BOB).given(APPROVES)

    def test_it_is_asked_for_when_the_other_side_went_in_the_same_change(self) -> None:
        gives_up = on(ADA, RevokeGrant(grant_id(5)))
        a_seller().given(READS, gives_up).asked_by(BOB).given(APPROVES)
        a_seller().asked_by(ERIN).given(gives_up).asked_by(ADA).given(READS)

    def test_what_begins_when_the_other_side_is_over_is_asked_for(self) -> None:
        later = a_role("reader", starts=NOON + DAY)
        a_seller(until=DAY).given(on(ADA, RequestGrant(ASKED, later)))

    @pytest.mark.parametrize(
        "wanted",
        [
            Terms(role="sales_rep"),
            Terms(role="crm_admin"),
            Terms(permission="customer:change", scope=Scope.OWN, clearance=Clearance.INTERNAL),
        ],
    )
    def test_an_auditor_asks_in_vain_for_what_writes(self, wanted: Terms) -> None:
        dave = UUID(DEMO_PEOPLE["dave"].subject)
        story = Story(demo().book, by=str(dave))
        refusal = story.when(on(dave, RequestGrant(ASKED, wanted))).then_refused(
            "separation-of-duties"
        )
        assert "audit_stays_apart" in refusal.detail


class TestLevels:
    def test_what_is_above_everybody_who_approves_is_refused_at_once(self) -> None:
        story = a_company().given(*role("approver", 50, grant__approve="all/restricted"))
        leaves = on(ERIN, LetSubjectLeave("moved to the sea"))
        story = story.installed(give(BOB, 6, a_role("approver")), leaves).asked_by(ADA)
        top = on(ADA, RequestGrant(ASKED, a_role("giver")))
        refusal = story.when(top).then_refused("nobody-may-approve")
        assert "level 100" in refusal.detail
        assert refusal.who_can_help
        story.given(READS)

    def test_where_nobody_approves_anything_nothing_is_asked_for(self) -> None:
        story = a_company().installed(policy(RetireRole("giver")))
        story.asked_by(ADA).when(READS).then_refused("nobody-may-approve")

    def test_it_waits_for_an_approver_who_is_missing_for_now(self) -> None:
        top = on(ADA, RequestGrant(ASKED, a_role("giver")))
        a_company().given(top)  # Erin, the only one with that level, asks herself.
        away = a_company().installed(on(ERIN, SuspendSubject())).asked_by(ADA)
        away.given(top)
