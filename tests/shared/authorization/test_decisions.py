"""One question, one answer with its reason and the one who can help."""

from typing import cast
from uuid import UUID

import pytest

from shared.authorization.decisions import ROLE_PERMISSIONS, Decision, TableDecisions
from shared.authorization.people import DEMO_PEOPLE, Role
from shared.authorization.permissions import Permission

PEOPLE = sorted(DEMO_PEOPLE)
MAY = {
    "alice": "read register change history journey watch activity fields import request",
    "leo": "read register change history journey watch activity fields import request",
    "wang": "read register change history journey watch activity fields import request",
    "bob": "read register change history journey watch activity fields import export request",
    "carol": "read change history journey watch activity fields request",
    "dave": "read history journey feed records activity fields erasures request"
    " grants_read policy_read",
    "erin": "read history journey watch lag operate consumers activity fields declare import"
    " export request give approve grants_read policy_read policy_change people_change",
    "oscar": "journey watch feed lag operate consumers activity erasures request",
    "petra": "read history journey fields erase hold access_file erasures confirm request",
    "billing": "read feed keys report fields confirm ask",
    "directory": "provision people",
    "customers": "follow",
    "permissions": "follow",
}
SHORT = {
    "activity": "activity.read",
    "ask": "evaluations.ask",
    "consumers": "consumers.read",
    "report": "consumers.report",
    "confirm": "erasures.confirm",
    "declare": "fields.declare",
    "erasures": "erasures.read",
    "feed": "feed.read",
    "fields": "fields.read",
    "follow": "permissions.follow",
    "lag": "lag.read",
    "approve": "grants.approve",
    "give": "grants.give",
    "grants_read": "grants.read",
    "request": "grants.request",
    "people_change": "people.change",
    "policy_change": "policy.change",
    "policy_read": "policy.read",
    "keys": "subject_keys.read",
    "operate": "projections.operate",
    "people": "people.read",
    "provision": "people.provision",
    "records": "records.read",
}


def decision_for(person: str, permission: Permission) -> Decision:
    return TableDecisions().check(DEMO_PEOPLE[person].subject, permission)


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_may_do_their_work_and_nothing_else(person: str) -> None:
    allowed = {one for one in Permission if decision_for(person, one).allowed}
    assert allowed == {SHORT.get(word, f"customers.{word}") for word in MAY[person].split()}


@pytest.mark.parametrize("permission", Permission)
def test_every_refusal_says_why_and_who_can_help(permission: Permission) -> None:
    decisions = ((person, decision_for(person, permission)) for person in PEOPLE)
    person, refused = next(one for one in decisions if not one[1].allowed)
    assert refused.reason == f"The role {DEMO_PEOPLE[person].role} does not have {permission}."
    assert refused.who_can_help is not None
    assert f"(role administrator) can give you {permission}" in refused.who_can_help


def test_a_refusal_names_the_roles_that_can_do_it() -> None:
    refused = decision_for("dave", Permission.CUSTOMERS_CHANGE)
    assert refused.who_can_help == (
        "An administrator (role administrator) can give you customers.change; "
        "whoever has the role sales, sales_manager or support can do it for you."
    )


def test_somebody_unknown_may_do_nothing() -> None:
    for permission in Permission:
        refused = TableDecisions().check("somebody", permission)
        assert not refused.allowed
        assert refused.who_can_help is not None


def test_a_permission_that_is_not_named_is_denied() -> None:
    unknown = cast("Permission", "customers.destroy")
    refused = decision_for("erin", unknown)
    assert not refused.allowed


def test_every_permission_is_in_somebodys_hands() -> None:
    assert frozenset().union(*ROLE_PERMISSIONS.values()) == set(Permission)


def test_whoever_may_read_a_history_or_the_lag_may_follow_a_change() -> None:
    for role in Role:
        has = ROLE_PERMISSIONS[role]
        reads = {Permission.CUSTOMERS_HISTORY, Permission.LAG_READ} & has
        assert (Permission.CUSTOMERS_JOURNEY in has) == bool(reads), role


def test_nobody_who_runs_the_machines_can_read_a_customer() -> None:
    assert Permission.CUSTOMERS_READ not in ROLE_PERMISSIONS[Role.OPERATOR]
    assert Permission.SUBJECT_KEYS_READ not in ROLE_PERMISSIONS[Role.OPERATOR]


def test_a_person_has_the_same_id_for_ever() -> None:
    subjects = [person.subject for person in DEMO_PEOPLE.values()]
    assert len(set(subjects)) == len(subjects)
    assert all(str(UUID(subject)) == subject for subject in subjects)
    assert DEMO_PEOPLE["alice"].subject == "00000000-0000-4000-8000-000000000001"
