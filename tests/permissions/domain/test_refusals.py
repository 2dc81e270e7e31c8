"""Whoever is refused is told what they can do themself, and who can help: whatever the reason."""

import ast
import re
from collections.abc import Iterator
from uuid import UUID

import pytest

from services.permissions.domain.meaning import world_of
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    BreakGlass,
    RequestGrant,
    RevokeGrant,
    SuspendSubject,
)
from services.permissions.domain.subject.state import Terms
from shared.authorization.codes import Code
from shared.authorization.deciding import decide
from shared.authorization.permissions import Permission
from shared.authorization.reading import moment
from shared.authorization.reasons import words
from shared.authorization.refusing import FIXES, refuse
from shared.errors import DaybookError
from tests.permissions.domain.files import PROJECT
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    HOUR,
    LEO,
    NOON,
    Story,
    a_company,
    a_role,
    give,
    grant_id,
    on,
)

NO_DECISIONS = {Code.ALLOWED, Code.WITHHELD, Code.DEEDS_UNKNOWN}
REQUEST = "POST /v1/requests"
READS = "customer:read"


def told(code: Code) -> DaybookError:
    with pytest.raises(DaybookError) as refused:
        refuse(Permission.CUSTOMERS_READ, (False, code, None, 1, 0.0))
    return refused.value


def answer(story: Story, who: UUID, permission: str = READS) -> Code:
    world = world_of(story.book, story.book.subjects)
    return decide(world, str(who), permission, None, moment(story.at), 0.0)[1]


def requested(story: Story, who: UUID, terms: Terms) -> Story:
    """Let somebody request something, and Bob agree."""
    story = story.asked_by(who).given(on(who, RequestGrant(grant_id(70), terms)))
    return story.asked_by(BOB).given(on(who, ApproveGrant(grant_id(70))))


@pytest.mark.parametrize("code", sorted(set(Code) - NO_DECISIONS))
def test_every_refusal_says_what_to_do_and_who_can_help(code: Code) -> None:
    refusal = told(code)
    assert refusal.fix == FIXES[code]
    assert refusal.who_can_help == words(code).who_can_help
    named = {one for text in words(code) for one in re.findall(r"[a-z_]+:[a-z_]+", text)}
    assert named <= {*Permission}


def test_what_was_not_given_is_requested_and_then_allowed() -> None:
    story = a_company()
    assert answer(story, LEO) is Code.NO_GRANT
    assert REQUEST in (told(Code.NO_GRANT).fix or "")
    assert answer(requested(story, LEO, a_role("reader")), LEO) is Code.ALLOWED


def test_what_is_over_or_has_not_begun_is_requested_and_then_allowed() -> None:
    over = a_company().given(give(LEO, 5, a_role("reader", until=NOON + HOUR))).later(2 * HOUR)
    early = a_company().given(give(LEO, 5, a_role("reader", starts=NOON + HOUR)))
    for story, code in ((over, Code.EXPIRED), (early, Code.NOT_YET_VALID)):
        assert answer(story, LEO) is code
        assert REQUEST in (told(code).fix or "")
        assert answer(requested(story, LEO, a_role("reader")), LEO) is Code.ALLOWED


def test_a_denial_is_lifted_and_no_request_beats_it() -> None:
    story = a_company().given(give(LEO, 5, Terms(permission=READS, effect="deny")))
    assert answer(requested(story, LEO, a_role("reader")), LEO) is Code.DENIED
    assert REQUEST not in (told(Code.DENIED).fix or "")
    assert "grant:revoke" in (told(Code.DENIED).who_can_help or "")
    lifts = on(LEO, RevokeGrant(grant_id(5)))
    story.asked_by(LEO).when(lifts).then_refused("not-for-yourself")
    assert answer(story.given(lifts), LEO) is Code.NO_GRANT


def test_who_is_suspended_requests_nothing_and_is_not_told_to() -> None:
    story = a_company().given(on(LEO, SuspendSubject()))
    assert answer(story, LEO) is Code.INACTIVE_SUBJECT
    asked = on(LEO, RequestGrant(grant_id(70), a_role("reader")))
    story.asked_by(LEO).when(asked).then_refused("inactive-subject")
    refusal = told(Code.INACTIVE_SUBJECT)
    assert REQUEST not in (refusal.fix or "")
    assert "subject:change" in (refusal.who_can_help or "")


def test_an_unknown_account_is_let_join_and_what_is_not_defined_is_defined() -> None:
    for code, who in ((Code.UNKNOWN_SUBJECT, "subject:change"),
                      (Code.UNKNOWN_PERMISSION, "policy:change")):  # fmt: skip
        assert REQUEST not in (told(code).fix or "")
        assert who in (told(code).who_can_help or "")


def test_duties_kept_apart_and_acting_as_others_are_no_matter_of_a_request() -> None:
    for code in (
        Code.SEPARATION_OF_DUTIES, Code.ACTING_OVER, Code.ABOVE_ACTOR, Code.IN_THE_OWN_NAME,
    ):  # fmt: skip
        assert REQUEST not in FIXES[code]


def test_an_emergency_that_is_refused_can_be_requested_of_whoever_may_approve() -> None:
    exports, rules = (a_role(one, until=NOON + HOUR) for one in ("exporter", "giver"))
    story = a_company().asked_by(ADA)
    for who, terms, code in (
        (LEO, exports, "break-glass-for-others"), (ADA, rules, "break-glass-not-for-grants"),
    ):  # fmt: skip
        refusal = story.when(on(who, BreakGlass(grant_id(5), terms, "fire"))).then_refused(code)
        assert REQUEST in (refusal.fix or "")
        assert "grant:approve" in (refusal.who_can_help or "")


def classes_in(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """Yield each class of a file that is made as its bases are, and those bases."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not any(
            isinstance(one, ast.FunctionDef) and one.name == "__init__" for one in node.body
        ):
            yield node.name, {one.id for one in node.bases if isinstance(one, ast.Name)}


def refusals_in(tree: ast.AST, names: set[str]) -> Iterator[tuple[int, set[str | None]]]:
    """Yield each place where one of these is made, and what it is told that is not empty."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            said = [
                one.arg
                for one in node.keywords
                if not (isinstance(one.value, ast.Constant) and not one.value.value)
            ]
            yield node.lineno, set(said)


def test_no_refusal_in_the_code_is_without_a_fix_and_without_help() -> None:
    trees = {
        path: ast.parse(path.read_text())
        for room in ("services", "shared", "cli")
        for path in (PROJECT / room).rglob("*.py")
    }
    kinds = {
        "NotPermittedError", "RuleBrokenError", "TokenOfEarlierEpochError", "GoneError",
    }  # fmt: skip
    kinds |= {name for tree in trees.values() for name, bases in classes_in(tree) if bases & kinds}
    made = [
        (f"{path}:{line}", said)
        for path, tree in trees.items()
        for line, said in refusals_in(tree, kinds)
    ]
    assert len(made) > len(kinds)
    assert [place for place, said in made if not said >= {"fix", "who_can_help"}] == []
