"""How high somebody may give, and how high something is: nothing but plain roles raises either."""

from dataclasses import replace

import pytest

from services.permissions.domain.authority import (
    is_risky,
    is_risky_right,
    level_of_right,
    level_of_subject,
    level_of_terms,
    refuse_above_own_level,
)
from services.permissions.domain.book import Asking, Book, PolicyFact
from services.permissions.domain.policy.commands import DefinePermission, DefineRole
from services.permissions.domain.policy.events import RolePermissionSet
from services.permissions.domain.rights import Right
from services.permissions.domain.subject.commands import SuspendSubject
from services.permissions.domain.subject.state import Terms
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.errors import NotPermittedError
from tests.permissions.domain.stories import (
    BOB,
    ERIN,
    LEO,
    NOON,
    TITLE,
    Story,
    a_company,
    a_role,
    allowance,
    give,
    on,
    policy,
    role,
)

EXPORT = "customer:export"
EVERYBODYS = Right(Scope.ALL, Clearance.CONFIDENTIAL)
OPEN = {"attribute": "resource.status", "is": "eq", "value": "open"}


def level(story: Story, who: object = LEO) -> int:
    return level_of_subject(story.book.policy, story.book.subjects[who], story.at)  # type: ignore[index]


def changed(story: Story, *commands: DefineRole | DefinePermission) -> Book:
    """Return the draft of a change, whose book before it goes on counting."""
    return replace(story.installed(*(policy(one) for one in commands)).book, before=story.book)


def test_who_is_suspended_gives_nothing() -> None:
    story = a_company()
    assert level(story, BOB) == 60
    assert level(story.given(on(BOB, SuspendSubject("long away"))), BOB) == 0


@pytest.mark.parametrize(
    "terms",
    [
        Terms(role="boss", records=("c-1",)),
        Terms(role="boss", condition=OPEN),
        Terms(role="boss", effect="deny"),
        Terms(permission="grant:give", scope=Scope.ALL, clearance=Clearance.INTERNAL),
    ],
)
def test_what_holds_for_some_records_or_under_a_condition_or_withholds_gives_no_level(
    terms: Terms,
) -> None:
    story = a_company().installed(give(LEO, 9, terms))
    assert level(story) == 0
    assert level(story.installed(give(LEO, 10, a_role("seller")))) == 20


def test_a_role_that_has_it_conditionally_or_less_secret_lends_it_no_low_level() -> None:
    story = a_company().given(*role("clerk", 5, customer__export="all/public"))
    conditional = allowance("all/confidential").model_copy(update={"condition": OPEN})
    fact = RolePermissionSet(role="joiner", permission=EXPORT, allowances=(conditional,))
    book = story.book.copy()
    book.fold(PolicyFact(fact), str(ERIN))
    assert level_of_right(book.policy, EXPORT, EVERYBODYS) == 40
    assert level_of_right(book.policy, EXPORT, Right(Scope.OWN, Clearance.PUBLIC)) == 5


def test_a_denial_takes_the_level_of_the_lowest_role_that_has_it_at_all() -> None:
    book = a_company().book
    assert level_of_terms(book, Terms(permission=EXPORT, effect="deny")) == 40
    assert level_of_terms(book, Terms(permission="grant:give", effect="deny")) == 100


def test_of_a_draft_the_higher_level_and_risk_count_of_before_and_of_now() -> None:
    story = a_company()
    exporter = Terms(role="exporter")
    lower = changed(story, DefineRole("exporter", 10, TITLE))
    assert level_of_terms(lower, exporter) == 40
    assert level_of_terms(changed(story, DefineRole("exporter", 50, TITLE)), exporter) == 50
    harmless = changed(story, DefinePermission(EXPORT, Risk.LOW, TITLE))
    assert is_risky(harmless, exporter)
    assert not is_risky(replace(harmless, before=None), exporter)
    assert is_risky_right(story.book, "nobody:knows", Right(Scope.OWN, Clearance.PUBLIC))


@pytest.mark.parametrize(("before", "after"), [(60, 90), (90, 60)])
def test_who_asks_has_the_lower_of_the_levels_before_and_in_a_draft(
    before: int, after: int
) -> None:
    story = a_company().installed(policy(DefineRole("boss", before, TITLE)))
    draft = changed(story, DefineRole("boss", after, TITLE))
    asking = Asking(str(BOB), NOON)
    refuse_above_own_level(draft, asking, 60, "role")
    with pytest.raises(NotPermittedError) as refused:
        refuse_above_own_level(draft, asking, 61, "role")
    assert refused.value.problem_code == "above-own-level"
