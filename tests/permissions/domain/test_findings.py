"""What should be looked at is found, with why; what is as it should be is not."""

from uuid import UUID

from services.permissions.domain.findings import Finding, find
from services.permissions.domain.review.hints import PeerCounts
from services.permissions.domain.subject.commands import MoveSubject
from services.permissions.domain.subject.state import Placement, Terms
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
        for one in find(story.book, story.at, PeerCounts(story.book))
    ]


def test_a_single_permission_beside_a_role_that_gives_it_is_found() -> None:
    story = a_company().given(give(ADA, 10, a_role("seller")), give(ADA, 11, direct(Scope.OWN)))
    assert found(story) == [("outside_the_role", ADA, True)]
    (one,) = find(story.book, story.at, PeerCounts(story.book))
    assert one.because["roles_with_it"] == ["boss", "reader", "seller"]


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
    (one,) = find(story.book, story.at, PeerCounts(story.book))
    assert one.because == {"others": 5, "have_it": 0, "percent": 0}
    few = a_company().given(on(BOB, MoveSubject(SALES)), on(LEO, MoveSubject(SALES)))
    assert found(few) == []


def test_what_somebody_had_before_moving_is_found_but_not_what_came_after() -> None:
    story = a_company().given(on(LEO, MoveSubject(SALES)), give(LEO, 30, a_role("seller")))
    story = story.given(on(LEO, MoveSubject(Placement(manager=BOB, department="sales"))))
    assert found(story) == []
    story = story.given(on(LEO, MoveSubject(Placement(department="finance"))))
    story = story.given(give(LEO, 31, a_role("reader")))
    kept: list[Finding] = find(story.book, story.at, PeerCounts(story.book))
    assert [(one.kind, one.terms.role) for one in kept] == [("kept_after_a_move", "seller")]


def test_a_remedy_takes_the_finding_away_and_its_id_stays_until_then() -> None:
    story = a_company().given(give(ADA, 10, a_role("seller")), give(ADA, 11, direct(Scope.OWN)))
    (one,) = find(story.book, story.at, PeerCounts(story.book))
    (again,) = find(story.book, story.at + DAY, PeerCounts(story.book))
    assert again.finding_id == one.finding_id
    assert found(story.given(on(ADA, one.remedy))) == []
