"""What should be looked at is found, with why; what is as it should be is not."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.permissions.domain.findings import Finding, Known, find
from services.permissions.domain.review.hints import PeerCounts
from services.permissions.domain.subject.commands import MoveSubject
from services.permissions.domain.subject.state import Grant, Placement, Terms
from services.permissions.domain.usage import Uses
from shared.authorization.scopes import Clearance, Scope
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    LEO,
    NOON,
    Story,
    a_company,
    a_role,
    give,
    grant_id,
    join,
    on,
)

SALES = Placement(department="sales")


def direct(scope: Scope, *, ends: bool = False) -> Terms:
    return Terms(
        permission="customer:read", scope=scope, clearance=Clearance.INTERNAL,
        until=NOON + DAY if ends else None,
    )  # fmt: skip


def found(story: Story) -> list[tuple[str, UUID, bool | None]]:
    return [
        (one.kind, one.subject_id, one.because.get("is_covered_by_a_role"))
        for one in find(story.book, story.at, Known(PeerCounts(story.book)))
    ]


def test_a_single_permission_beside_a_role_that_gives_it_is_found() -> None:
    story = a_company().given(give(ADA, 10, a_role("seller")), give(ADA, 11, direct(Scope.OWN)))
    assert found(story) == [("outside_the_role", ADA, True)]
    (one,) = find(story.book, story.at, Known(PeerCounts(story.book)))
    assert one.because["roles_with_it"] == ["boss", "reader", "seller"]
    assert one.because["covered_by"] == ["seller"]


def test_one_outside_every_role_of_theirs_is_found_unless_it_ends() -> None:
    story = a_company().given(give(ADA, 10, a_role("reader")))
    assert found(story.given(give(ADA, 11, direct(Scope.TEAM)))) == [
        ("outside_the_role", ADA, False)
    ]
    story = story.given(give(ADA, 12, direct(Scope.TEAM, ends=True)))
    assert found(story) == []


def test_what_hardly_anybody_of_a_department_has_is_found_there_and_nowhere_else() -> None:
    others = [UUID(int=900 + number) for number in range(5)]
    story = a_company().given(
        *(join(one, f"seller-{one.int}", SALES) for one in others),
        *(give(one, one.int, a_role("seller")) for one in others),
        on(ADA, MoveSubject(SALES)),
        give(ADA, 20, a_role("seller")),
        give(ADA, 21, a_role("boss")),
    )
    assert found(story) == [("wider_than_peers", ADA, None)]
    (one,) = find(story.book, story.at, Known(PeerCounts(story.book)))
    assert one.because == {"others": 5, "have_it": 0, "percent": 0}
    few = a_company().given(on(BOB, MoveSubject(SALES)), on(LEO, MoveSubject(SALES)))
    assert found(few) == []


def test_what_somebody_had_before_moving_is_found_but_not_what_came_after() -> None:
    story = a_company().given(on(LEO, MoveSubject(SALES)), give(LEO, 30, a_role("seller")))
    story = story.given(on(LEO, MoveSubject(Placement(manager=BOB, department="sales"))))
    assert found(story) == []
    story = story.given(on(LEO, MoveSubject(Placement(department="finance"))))
    story = story.given(give(LEO, 31, a_role("reader")))
    kept: list[Finding] = find(story.book, story.at, Known(PeerCounts(story.book)))
    assert [(one.kind, one.terms.role) for one in kept] == [("kept_after_a_move", "seller")]


def test_a_remedy_takes_the_finding_away_and_its_id_stays_until_then() -> None:
    story = a_company().given(give(ADA, 10, a_role("seller")), give(ADA, 11, direct(Scope.OWN)))
    (one,) = find(story.book, story.at, Known(PeerCounts(story.book)))
    (again,) = find(story.book, story.at + DAY, Known(PeerCounts(story.book)))
    assert again.finding_id == one.finding_id
    assert found(story.given(on(ADA, one.remedy))) == []


LONG_AGO = NOON - 100 * DAY


def unused(story: Story, uses: Uses, given: datetime = LONG_AGO) -> list[UUID]:
    """Return the grants that nobody needs, if all were given then."""
    every = {one for subject in story.book.subjects.values() for one in subject.grants}
    known = Known(PeerCounts(story.book), uses, dict.fromkeys(every, given))
    return [one.grant_id for one in find(story.book, NOON, known) if one.kind == "unused"]


def uses_of(subject: UUID, **days_ago: int) -> Uses:
    """Return that each of these permissions of customers was last used so many days ago."""
    last = {f"customer:{name}": NOON - days * DAY for name, days in days_ago.items()}
    return Uses(LONG_AGO, {subject: last})


def test_a_grant_of_which_nothing_was_used_for_ninety_days_is_found_with_its_remedy() -> None:
    story = a_company().given(give(ADA, 10, a_role("seller")), give(LEO, 11, direct(Scope.OWN)))
    mine = [grant_id(10), grant_id(11)]
    assert [one for one in unused(story, Uses(LONG_AGO)) if one in mine] == mine
    assert grant_id(10) not in unused(story, uses_of(ADA, read=90))
    assert grant_id(10) in unused(story, uses_of(ADA, read=91))
    assert grant_id(10) in unused(story, uses_of(LEO, read=1)), "others' uses are not hers"
    known = Known(PeerCounts(story.book), uses_of(ADA, read=95), {grant_id(10): LONG_AGO})
    (one,) = [one for one in find(story.book, NOON, known) if one.grant_id == grant_id(10)]
    assert one.because == {
        "last_use": (NOON - 95 * DAY).isoformat(),
        "known_since": LONG_AGO.isoformat(),
        "days": 90,
    }
    assert grant_id(10) not in unused(story.given(on(ADA, one.remedy)), Uses(LONG_AGO))


def test_what_is_not_known_for_long_enough_is_never_called_unused() -> None:
    story = a_company().given(give(ADA, 10, a_role("seller")))
    assert unused(story, Uses()) == []
    assert unused(story, Uses(NOON - 89 * DAY)) == []
    assert unused(story, Uses(LONG_AGO), given=NOON - 89 * DAY) == []
    later = Terms(role="seller", starts=NOON - DAY)
    assert grant_id(12) not in unused(a_company().given(give(ADA, 12, later)), Uses(LONG_AGO))


def test_a_denial_an_emergency_and_the_default_role_are_never_called_unused() -> None:
    denial = replace(direct(Scope.ALL), effect="deny", scope=None, clearance=None)
    story = a_company().given(give(ADA, 13, denial))
    assert grant_id(13) not in unused(story, Uses(LONG_AGO))
    policy, ada = story.book.policy, story.book.subject(ADA)
    default = replace(policy, default_role="seller")
    for grant in (Grant(a_role("seller"), is_break_glass=True), Grant(Terms(role="seller"))):
        book = replace(
            story.book, policy=default, subjects={ADA: replace(ada, grants={grant_id(14): grant})}
        )
        known = Known(PeerCounts(book), Uses(LONG_AGO), {grant_id(14): LONG_AGO})
        assert "unused" not in [one.kind for one in find(book, NOON, known)]
