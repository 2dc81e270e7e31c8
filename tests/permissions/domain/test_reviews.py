"""A review takes away what nobody needs, and nothing else: by others, in time, within limits."""

from datetime import datetime
from uuid import UUID

import pytest

from services.permissions.domain.book import SubjectFact
from services.permissions.domain.policy.commands import RetireRole
from services.permissions.domain.review.commands import (
    DelegateItem,
    SignOffReview,
    StartReview,
)
from services.permissions.domain.review.events import (
    Chosen,
    ItemsFrozen,
)
from services.permissions.domain.review.timing import waiting
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    BreakGlass,
    MoveSubject,
    RequestGrant,
    RevokeGrant,
    SuspendSubject,
)
from services.permissions.domain.subject.grant_events import GrantReduced, GrantRevoked
from services.permissions.domain.subject.state import Placement
from shared.authorization.scopes import Risk, Scope
from tests.permissions.domain.reviewing import (
    CLARA,
    REVIEW,
    a_reviewed_company,
    asked,
    decides,
    items_of,
    outcomes,
    reviewers,
    start,
    time_passes,
)
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    HOUR,
    KIM,
    LEO,
    NOON,
    ROBOT,
    a_role,
    give,
    grant_id,
    join,
    on,
    policy,
    role,
)


class TestStarting:
    def test_what_is_looked_at_is_frozen_at_the_start_with_who_looks(self) -> None:
        story = a_reviewed_company().given(start())
        assert [(one.subject, one.reviewer, one.reviewer_is) for one in items_of(story)] == [
            (ADA, BOB, "manager"),
            (LEO, BOB, "manager"),
        ]
        story = story.given(give(BOB, 30, a_role("seller")))
        assert len(items_of(story)) == 2

    def test_items_are_chosen_by_department_risk_and_what_was_kept_after_a_move(self) -> None:
        story = a_reviewed_company()
        north = story.given(start(Chosen(department="sales/north")))
        assert [one.subject for one in items_of(north)] == [ADA]
        risky = story.given(start(Chosen(risk=Risk.CRITICAL)))
        assert [one.role for one in items_of(risky)] == ["giver"]
        moved = story.given(on(LEO, MoveSubject(Placement(manager=BOB, department="finance"))))
        kept = moved.given(start(Chosen(kept_after_a_move=True)))
        assert [(one.subject, one.role) for one in items_of(kept)] == [(LEO, "seller")]
        story.when(start(Chosen(kept_after_a_move=True))).then_refused("invalid-input")

    def test_nobody_reviews_the_own_grants_or_those_of_an_account_they_own(self) -> None:
        story = a_reviewed_company().given(
            join(ROBOT, "robot", Placement(owner=ERIN), is_service=True)
        )
        story = story.asked_by(BOB).given(give(ROBOT, 40, a_role("seller"))).asked_by(ERIN)
        story = story.given(start(Chosen(roles=("seller", "director", "giver"))))
        by_whom = {(one.subject, one.role): one.reviewer for one in items_of(story)}
        assert by_whom[ERIN, "giver"] == CLARA
        assert by_whom[CLARA, "director"] == ERIN
        assert by_whom[ROBOT, "seller"] == CLARA

    def test_who_approved_looks_where_no_manager_can(self) -> None:
        story = a_reviewed_company().given(
            on(ADA, MoveSubject(Placement(manager=LEO))),  # Leo may not decide in reviews.
            on(ADA, RevokeGrant(grant_id(11))),
            on(ADA, RequestGrant(grant_id(21), a_role("seller"))),
        )
        story = story.asked_by(CLARA).given(on(ADA, ApproveGrant(grant_id(21)))).given(start())
        assert [(one.reviewer, one.reviewer_is) for one in items_of(story)] == [
            (CLARA, "approver"),
            (BOB, "manager"),
        ]


class TestDeciding:
    def test_only_who_was_asked_decides(self) -> None:
        story = a_reviewed_company().given(start())
        foreign = story.when(decides(1, "revoke")).then_refused("not-your-item")
        assert foreign.detail == "somebody else is to decide on item 1"
        story.asked_by(BOB).when(decides(1, "revoke")).then("ItemDecided")
        story.asked_by(BOB).when(decides(9, "revoke")).then_refused("item-not-found")
        story.asked_by(BOB).when(decides(1, "reduce")).then_refused("invalid-input")
        story.asked_by(BOB).when(decides(1, "keep", Scope.OWN)).then_refused("invalid-input")

    def test_nothing_is_delegated_back_to_whose_grant_it_is(self) -> None:
        story = a_reviewed_company().given(start()).asked_by(BOB)
        story.when(asked(DelegateItem(1, ADA, "she knows"))).then_refused("not-for-yourself")
        story.when(asked(DelegateItem(1, LEO, "he knows"))).then_refused("delegate-not-able")
        story = story.given(asked(DelegateItem(1, CLARA, "she knows")))
        story.when(decides(1, "keep")).then_refused("not-your-item")
        story.asked_by(CLARA).when(decides(1, "keep")).then("ItemDecided")
        story.asked_by(ADA).when(asked(DelegateItem(2, CLARA, "x"))).then_refused("not-your-item")

    @pytest.mark.parametrize(
        ("how", "is_enough"),
        [
            ("own/restricted", False),
            ("department/restricted", False),
            ("all/internal", False),
            ("all/restricted", True),
        ],
    )
    def test_only_whoever_starts_reviews_of_everybody_delegates_what_is_anothers(
        self, how: str, *, is_enough: bool
    ) -> None:
        story = (
            a_reviewed_company()
            .given(start())
            .installed(
                *role("starter", 30, review__decide="department/restricted", review__start=how),
                join(KIM, "kim"),
                give(KIM, 20, a_role("starter")),
            )
        )
        takes = story.asked_by(KIM).when(asked(DelegateItem(1, KIM, "mine now")))
        if is_enough:
            takes.then("ItemDelegated")
        else:
            takes.then_refused("not-your-item")

    def test_what_was_revoked_meanwhile_is_not_decided_and_waits_for_nobody(self) -> None:
        story = a_reviewed_company().given(start(), on(ADA, RevokeGrant(grant_id(11))))
        story.asked_by(BOB).when(decides(1, "keep")).then_refused("grant-already-gone")
        story = story.asked_by(BOB).given(decides(2, "keep")).asked_by(ERIN)
        story = time_passes(story.given(asked(SignOffReview())), HOUR)
        assert outcomes(story) == {1: ("already_gone", None), 2: ("kept", None)}

    def test_after_sign_off_nobody_decides_any_more(self) -> None:
        story = a_reviewed_company().given(start()).asked_by(BOB)
        story = story.given(decides(1, "revoke"))
        story.asked_by(ERIN).when(asked(SignOffReview())).then_refused("review-undecided")
        story = story.given(decides(2, "keep")).asked_by(ERIN).given(asked(SignOffReview()))
        story.asked_by(BOB).when(decides(1, "keep")).then_refused("review-signed-off")
        story.when(asked(SignOffReview())).then_refused("review-signed-off")


class TestCarryingOut:
    def test_nothing_changes_before_sign_off_and_everything_once_after_it(self) -> None:
        story = a_reviewed_company().given(start()).asked_by(BOB)
        story = story.given(decides(1, "revoke"), decides(2, "reduce", Scope.OWN))
        story = time_passes(story, HOUR).asked_by(ERIN)
        assert grant_id(11) in story.subject(ADA).grants
        story = time_passes(story.given(asked(SignOffReview())), HOUR)
        assert grant_id(11) not in story.subject(ADA).grants
        assert story.subject(LEO).grants[grant_id(12)].terms.scope is Scope.OWN
        assert outcomes(story) == {1: ("revoked", None), 2: ("reduced", None)}
        ended = [fact.event for fact in story.told if isinstance(fact, SubjectFact)]
        both = {
            (event.review, event.decided_by)
            for event in ended
            if isinstance(event, GrantRevoked | GrantReduced)
        }
        assert both == {(REVIEW, BOB)}
        assert waiting(story.book, story.at + 99 * DAY) is None

    def test_the_last_administrator_stays_and_the_others_are_carried_out(self) -> None:
        story = a_reviewed_company().given(start(Chosen(roles=("giver", "director"))))
        by_number = {one.number: one for one in items_of(story)}
        for number, item in by_number.items():
            assert item.reviewer is not None
            story = story.asked_by(item.reviewer).given(decides(number, "revoke"))
        story = time_passes(story.asked_by(ERIN).given(asked(SignOffReview())), HOUR)
        told_of = {by_number[number].role: said for number, said in outcomes(story).items()}
        assert told_of["giver"] == ("refused", "last-administrator")
        assert told_of["director"] == ("revoked", None)
        assert story.book.review(REVIEW).is_closed

    def test_a_grant_that_is_kept_no_longer_counts_as_left_over_from_a_move(self) -> None:
        story = a_reviewed_company().given(on(LEO, MoveSubject(Placement(manager=BOB))))
        assert story.subject(LEO).grants[grant_id(12)].is_from_before_move
        story = story.given(start(Chosen(kept_after_a_move=True))).asked_by(BOB)
        story = story.given(decides(1, "keep")).asked_by(ERIN)
        story = time_passes(story.given(asked(SignOffReview())), HOUR)
        assert not story.subject(LEO).grants[grant_id(12)].is_from_before_move


class TestEmergencies:
    def test_an_emergency_is_judged_after_it_ended(self) -> None:
        story = a_reviewed_company().asked_by(ADA)
        taken = BreakGlass(grant_id(60), a_role("boss", until=NOON + HOUR), "server room")
        story = story.given(on(ADA, taken)).asked_by(ERIN)
        chosen = Chosen(emergency=grant_id(60))
        story.when(start(chosen)).then_refused("invalid-input")
        story = story.later(2 * HOUR).given(start(chosen)).asked_by(BOB)
        story = story.given(decides(1, "revoke")).asked_by(ERIN)
        story = time_passes(story.given(asked(SignOffReview())), HOUR)
        assert story.subject(ADA).to_review == ()
        verdicts = [
            getattr(fact.event, "verdict", None)
            for fact in story.told
            if isinstance(fact, SubjectFact)
        ]
        assert "not_justified" in verdicts


def test_a_suspended_reviewer_and_a_retired_role_keep_nobody_from_deciding() -> None:
    story = a_reviewed_company().given(start(), policy(RetireRole("seller")))
    story = time_passes(story.given(on(BOB, SuspendSubject())), HOUR)
    assert reviewers(story) == [ERIN, ERIN]
    assert len([fact for fact in story.told if isinstance(fact.event, ItemsFrozen)]) == 1


def test_a_review_needs_time_and_a_role_that_is_there() -> None:
    story = a_reviewed_company()
    before: datetime = story.at
    story.when(asked(StartReview("Late", Chosen(), before))).then_refused("invalid-input")
    story.when(start(Chosen(roles=("nobody",)))).then_refused("role-not-found")
    nobody = story.when(start(Chosen(department="nowhere"))).then_refused("invalid-input")
    assert nobody.field == "department"
    story.given(start()).when(start()).then_refused("review-already-started")
    story.when(asked(SignOffReview(), UUID(int=1))).then_refused("review-not-found")
