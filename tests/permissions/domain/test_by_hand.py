"""A policy file does nothing that whoever applies it could not do by hand."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from services.permissions.domain.book import Asking, OnSubject
from services.permissions.domain.deciding import decide, step
from services.permissions.domain.policy_file.planning import foresee
from services.permissions.domain.policy_file.reading import read_policy
from services.permissions.domain.subject.commands import GiveGrant, SuspendSubject
from services.permissions.domain.subject.state import Terms
from services.permissions.domain.what_if import what_if
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.scopes import Clearance, Scope
from shared.errors import NotPermittedError
from tests.permissions.domain.files import Desk, demo
from tests.permissions.domain.stories import DAY, NOON, grant_id, on

IDS = {name: person.subject for name, person in DEMO_PEOPLE.items()}
CAROL, LEO = IDS["carol"], IDS["leo"]


def file(said: str) -> str:
    return f"daybook_policy: 1\nreason: Why.\n{said}"


def of(name: str, said: str) -> str:
    return file(f"subjects:\n  {name}:\n    id: {IDS[name]}\n    {said}\n")


def single(permission: str, scope: Scope = Scope.ALL, starts: datetime | None = None) -> Terms:
    return Terms(None, permission, "allow", scope, Clearance.RESTRICTED, None, starts)


def a_desk(*terms: Terms) -> Desk:
    """Begin with Carol, who may change the policy and has this besides."""
    desk = demo()
    for number, one in enumerate((single("policy:change"), *terms)):
        given = on(UUID(CAROL), GiveGrant(grant_id(number), one))
        step(desk.book, given, Asking(IDS["erin"], NOON, is_installation=True))
    return desk


def refused(desk: Desk, text: str, by: str = CAROL) -> NotPermittedError:
    with pytest.raises(NotPermittedError) as error:
        desk.plan(text, by)
    return error.value


GIVES = of("leo", "also_grants: [viewer]")
MOVES = of("leo", "department: support")
ROLE = file("roles:\n  intern: {level: 5, title: Intern}\n")


@pytest.mark.parametrize(
    ("text", "permission", "line"),
    [
        (GIVES, "grant:give", "line 6"),
        (of("leo", "also_grants: [sales_manager]"), "grant:request", "line 6"),
        (of("leo", "grants: []"), "grant:revoke", "line 6"),
        (of("leo", "sod_exceptions: {audit_stays_apart: 2026-12-01T00:00:00Z}"), "sod:except", ""),
        (MOVES, "subject:change", "line 4"),
        (of("leo", "attributes: {office: hq}"), "subject:change", "line 4"),
        (of("leo", "display_name: Leonard"), "subject:change", "line 4"),
        (of("leo", "suspended: true"), "subject:change", "line 4"),
        (of("directory", "trusted_caller: true"), "subject:change", "line 4"),
        (
            file(f"subjects:\n  new: {{id: {UUID(int=77)}}}\n"), "subject:change", "line 4",
        ),
        (file(f"teams:\n  new: {{id: {UUID(int=78)}, title: New}}\n"), "team:change", "line 4"),
        (ROLE, "role:change", "line 4"),
        (file("roles:\n  joiner: {level: 1, title: Joiner}\n"), "role:change", "line 4"),
    ],
)  # fmt: skip
def test_each_line_needs_what_its_route_needs(text: str, permission: str, line: str) -> None:
    error = refused(a_desk(), text)
    assert str(error.permission) == permission
    assert line in (error.field or "")


def test_what_only_a_file_can_say_needs_no_more_than_to_change_the_policy() -> None:
    only = file(
        "permissions: {pet:feed: {risk: low, title: Feed}, pet:walk: {risk: low, title: Walk}}\n"
        "data_classes: {pet: {'*': internal}}\n"
        "sod_rules: {pets: {kind: static, first: [pet:feed], second: [pet:walk]}}\n"
        "freshness_seconds: {low: 200}\n"
        "resources: {pet: {rex: {}}}\n"
    )
    assert a_desk().plan(only, CAROL).facts


TEAM = file(f"teams:\n  new: {{id: {UUID(int=78)}, title: New}}\n")
RULE = file("freshness_seconds: {low: 200}\n")
NARROWED: list[dict[str, Any]] = [
    {"scope": Scope.OWN},
    {"scope": Scope.DEPARTMENT},
    {"clearance": Clearance.PUBLIC},
    {"records": (str(UUID(int=78)),)},
    {"condition": {"attribute": "resource.owner", "is": "eq", "value": "somebody else"}},
]


@pytest.mark.parametrize("narrower", NARROWED, ids=str)
@pytest.mark.parametrize(
    ("text", "permission"), [(ROLE, "role:change"), (TEAM, "team:change"), (RULE, "policy:change")]
)
def test_what_is_everybodys_takes_the_permission_for_everything(
    text: str, permission: str, narrower: dict[str, Any]
) -> None:
    desk = demo()
    has = {name: single(name) for name in ("policy:change", "role:change", "team:change")}
    has[permission] = replace(has[permission], **narrower)
    for number, terms in enumerate(has.values()):
        given = on(UUID(CAROL), GiveGrant(grant_id(number), terms))
        step(desk.book, given, Asking(IDS["erin"], NOON, is_installation=True))
    assert str(refused(desk, text).permission) == permission


def test_whoever_may_do_it_by_hand_may_do_it_by_a_file_and_a_denial_counts() -> None:
    gives = single("grant:give")
    assert a_desk(gives, Terms(role="sales_rep")).plan(GIVES, CAROL).facts
    denied = Terms(permission="grant:give", effect="deny")
    assert refused(a_desk(gives, denied), GIVES).reason == "denied"
    over = single("grant:give", starts=NOON + DAY)
    assert refused(a_desk(over), GIVES).reason == "not_yet_valid"


def test_a_line_reaches_no_further_than_its_caller_before_and_after_a_move() -> None:
    near = single("subject:change", Scope.DEPARTMENT)
    gives = single("grant:give", Scope.DEPARTMENT)
    desk = a_desk(near, gives, Terms(role="sales_rep"))
    assert refused(desk, MOVES).reason == "out_of_scope"
    erin_moves = of("leo", "department: support")
    desk.apply(erin_moves, IDS["erin"])
    assert desk.plan(GIVES, CAROL).facts
    away = of("leo", "department: sales\n    also_grants: [viewer]")
    assert refused(desk, away).reason == "out_of_scope"


def test_what_a_file_would_do_is_told_also_where_its_caller_could_not() -> None:
    desk = a_desk()
    found = foresee(desk.book, read_policy(ROLE), Asking(CAROL, NOON), desk.ids)
    assert (len(found.facts), found.refusal is not None) == (1, True)
    by_command = what_if(desk.book, [on(UUID(LEO), SuspendSubject())], Asking(CAROL, NOON))
    assert isinstance(by_command.refusal, NotPermittedError)
    assert by_command.changes


def test_whoever_is_not_at_work_any_more_decides_nothing() -> None:
    desk, leaves = a_desk(single("role:change")), on(UUID(LEO), SuspendSubject())
    asking = Asking(CAROL, NOON)
    assert decide(desk.book, [leaves], asking)
    assert desk.plan(ROLE, CAROL).facts
    gone = on(UUID(CAROL), SuspendSubject())
    step(desk.book, gone, Asking(IDS["erin"], NOON, is_installation=True))
    for ask in (lambda: decide(desk.book, [leaves], asking), lambda: desk.plan(ROLE, CAROL)):
        with pytest.raises(NotPermittedError) as error:
            ask()
        assert error.value.problem_code == "inactive-subject"


def test_a_service_account_whose_owner_is_not_at_work_decides_nothing() -> None:
    desk, leaves = demo(), OnSubject(UUID(LEO), SuspendSubject())
    asking = Asking(IDS["directory"], NOON)
    assert decide(desk.book, [leaves], asking)
    oscar = on(UUID(IDS["oscar"]), SuspendSubject())
    step(desk.book, oscar, Asking(CAROL, NOON, is_installation=True))
    with pytest.raises(NotPermittedError):
        decide(desk.book, [leaves], asking)
