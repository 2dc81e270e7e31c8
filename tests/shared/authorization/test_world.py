"""Events become a world: whole batches, each role's own reach, and no access that is left over."""

from typing import Any

import pytest

from shared.authorization.deciding import decide
from shared.authorization.reading import moment
from shared.authorization.snapshot import state_hash
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from tests.shared.authorization.story import (
    ANA,
    BEN,
    CAT,
    CONFIDENTIAL,
    DAN,
    INTERNAL,
    NOON,
    SECOND,
    Story,
    a_customer,
    a_story,
)

READ, WRITE = "customer:read", "customer:write"


def test_a_role_has_what_its_parents_have_each_counted_once() -> None:
    story = a_story().role("top", customer_read="all/internal")
    story.role("left", "top").role("right", "top", customer_read="own/confidential")
    story.role("bottom", "left", "right").give(ANA, "bottom")
    assert story.code(ANA, READ, a_customer(BEN, INTERNAL)) == "allowed"
    assert story.code(ANA, READ, a_customer(ANA, CONFIDENTIAL)) == "allowed"
    assert len(story.world.policy.allowed["bottom"][READ]) == 2


@pytest.mark.parametrize("retired", ["top", "middle", "bottom"])
def test_a_retired_role_gives_nothing_and_passes_nothing_on(retired: str) -> None:
    story = a_story().role("top", customer_read="all/public").role("middle", "top")
    story.role("bottom", "middle").give(ANA, "bottom")
    assert story.code(ANA, READ, a_customer()) == "allowed"
    story.policy("RoleRetired", role=retired)
    assert story.code(ANA, READ, a_customer()) == "no_grant"
    story.policy("RoleReinstated", role=retired)
    assert story.code(ANA, READ, a_customer()) == "allowed"


def test_retiring_a_role_never_lifts_a_denial_of_it() -> None:
    story = a_story().role("top", customer_read="all/public").role("bottom", "top")
    story.role("other", customer_read="all/public").give(ANA, "other")
    story.give(ANA, "bottom", effect="deny")
    assert story.code(ANA, READ, a_customer()) == "denied"
    story.policy("RoleRetired", role="top").policy("RoleRetired", role="bottom")
    assert story.code(ANA, READ, a_customer()) == "denied"


def test_a_circle_of_roles_that_should_not_be_there_ends() -> None:
    story = a_story().role("a", customer_read="all/public").role("b", "a").give(ANA, "b")
    story.policy("RoleParentAdded", role="a", parent="b")
    assert story.code(ANA, READ, a_customer()) == "allowed"


def test_a_change_of_a_role_reaches_all_its_holders_in_one_version_and_nobody_else() -> None:
    story = a_story().role("top", customer_read="all/public").role("bottom", "top")
    story.role("other", customer_read="all/public")
    for subject, role in ((ANA, "top"), (BEN, "bottom"), (CAT, "other")):
        story.give(subject, role)
    before = story.world
    before.compile_all()
    story.allow("top", READ, "")
    after = story.world
    assert set(after.entries) == {CAT}
    for subject, code in ((ANA, "no_grant"), (BEN, "no_grant"), (CAT, "allowed")):
        assert decide(after, subject, READ, a_customer(), moment(NOON), 0)[1] == code
        assert decide(before, subject, READ, a_customer(), moment(NOON), 0)[1] == "allowed"


def test_only_whom_an_event_touches_is_compiled_again() -> None:
    story = a_story().role("reader", customer_read="all/public").give(ANA, "reader")
    story.give(BEN, "reader").world.compile_all()
    kept = story.world.entries[ANA]
    story.give(BEN, permission=WRITE).policy("RoleLevelChanged", role="reader", level=30)
    assert story.world.entries.keys() == {ANA, CAT}
    assert story.world.entries[ANA] is kept


def test_a_leaver_is_refused_and_so_is_every_service_account_they_own() -> None:
    story = a_story().role("reader", customer_read="all/public").service("robot", ANA)
    story.service("robots-robot", "robot").service("free", None)
    for subject in (ANA, "robot", "robots-robot", "free"):
        story.give(subject, "reader")
        assert story.code(subject, READ, a_customer()) == "allowed"
    for gone, back in (("SubjectSuspended", "SubjectReinstated"), ("SubjectLeft", "")):
        story.of(ANA, gone)
        for subject in (ANA, "robot", "robots-robot"):
            assert story.code(subject, READ, a_customer()) == "inactive_subject"
        assert story.code("free", READ, a_customer()) == "allowed"
        if back:
            assert story.of(ANA, back).code("robot", READ, a_customer()) == "allowed"


def test_a_service_account_of_nobody_known_is_refused() -> None:
    story = a_story().role("reader", customer_read="all/public").service("robot", DAN)
    assert story.give("robot", "reader").code("robot", READ, a_customer()) == "inactive_subject"
    assert story.person(DAN).code("robot", READ, a_customer()) == "allowed"


@pytest.mark.parametrize("back", ["SubjectReinstated", "SubjectJoined"])
def test_whoever_comes_back_does_not_have_the_old_rights_again(back: str) -> None:
    story = a_story().role("reader", customer_read="all/public").give(ANA, "reader")
    story.of(ANA, "SubjectLeft").give(ANA, "reader").of(ANA, back, kind="person")
    assert story.code(ANA, READ, a_customer()) == "no_grant"
    assert story.give(ANA, "reader").code(ANA, READ, a_customer()) == "allowed"


def test_whoever_moves_loses_sight_of_the_old_team_at_once_and_keeps_their_own() -> None:
    story = a_story().role("reader", customer_read="team/public").give(ANA, "reader")
    assert story.code(ANA, READ, a_customer(BEN)) == "allowed"
    story.of(ANA, "SubjectMoved", teams=["south"])
    codes = {owner: story.code(ANA, READ, a_customer(owner)) for owner in (ANA, BEN, CAT)}
    assert codes == {ANA: "allowed", BEN: "out_of_scope", CAT: "allowed"}


def test_a_team_a_department_and_whoever_lies_under_it_bring_no_right() -> None:
    story = a_story().role("reader", customer_read="department/public")
    for subject in (BEN, CAT):
        story.give(subject, "reader")
    # Cat's department lies above Ana's, Ben's below it, and Ben shares a team with her.
    assert story.code(ANA, READ, a_customer(BEN)) == "no_grant"
    story.of(ANA, "SubjectMoved", teams=["north", "south"], department="sales")
    assert story.code(ANA, READ, a_customer(ANA)) == "no_grant"


def test_a_grant_is_extended_reduced_and_revoked() -> None:
    story = a_story().role("reader", customer_read="all/internal")
    story.give(ANA, "reader", until=NOON)
    record = a_customer(BEN, INTERNAL)
    assert story.code(ANA, READ, record) == "expired"
    story.of(ANA, "GrantExtended", grant_id="grant-1", until=(NOON + SECOND).isoformat())
    assert story.code(ANA, READ, record) == "allowed"
    story.of(ANA, "GrantReduced", grant_id="grant-1", scope="team", clearance="public")
    assert story.code(ANA, READ, record) == "sensitivity"
    assert story.code(ANA, READ, a_customer(CAT)) == "out_of_scope"
    assert story.code(ANA, READ, a_customer(BEN)) == "allowed"
    story.of(ANA, "GrantRevoked", grant_id="grant-1")
    assert story.code(ANA, READ, a_customer(BEN)) == "no_grant"


def test_a_break_glass_grant_ends_without_anybody_ending_it() -> None:
    story = a_story().role("reader", customer_read="all/restricted")
    story.give(ANA, "reader", until=NOON + SECOND, is_break_glass=True)
    assert story.code(ANA, READ, a_customer()) == "allowed"
    assert story.code(ANA, READ, a_customer(), now=NOON + SECOND) == "expired"


def test_a_request_gives_nothing_until_it_is_given() -> None:
    story = a_story().role("reader", customer_read="all/public")
    story.of(ANA, "GrantRequested", grant_id="g", role="reader")
    story.of(ANA, "GrantApproved", grant_id="g")
    assert story.code(ANA, READ, a_customer()) == "no_grant"


def test_what_is_newer_than_this_reader_is_ignored_and_moves_the_position() -> None:
    story = a_story().role("reader", customer_read="all/public").give(ANA, "reader")
    before = state_hash(story.world)
    story.of(ANA, "SubjectPromoted", to="chief").policy("PolicyAdorned", how="gold")
    story.tell("team-1", "TeamNamed").tell("review-1", "ReviewOpened").tell("strange", "Thing")
    story.give(BEN, "reader", colour="red").of(BEN, "GrantRevoked", grant_id="grant-2")
    assert story.code(ANA, READ, a_customer()) == "allowed"
    assert state_hash(story.world) == before
    assert story.world.position == len(story.events)


WRONG_OF_SUBJECT: list[tuple[str, dict[str, Any] | None]] = [
    ("GrantGiven", {"grant_id": "g", "role": "reader", "until": "tomorrow"}),
    ("GrantGiven", {"grant_id": "g", "role": "reader", "until": "2026-03-04T12:00:00"}),
    ("GrantGiven", {"grant_id": "g", "role": "reader", "until": "2016-12-31T23:59:60Z"}),
    ("GrantGiven", {"grant_id": "g", "role": "reader", "scope": "galaxy"}),
    ("GrantGiven", {"grant_id": "g", "role": "reader", "effect": "perhaps"}),
    ("GrantGiven", {"grant_id": "g", "role": "reader", "records": "c-1"}),
    ("GrantGiven", {"grant_id": "g", "role": "reader", "condition": {"is": "eq"}}),
    ("GrantGiven", {"grant_id": "g"}),
    ("GrantRevoked", {}),
    ("SubjectMoved", {"teams": [1]}),
    ("SubjectAttributesSet", {"attributes": {"x": [1]}}),
    ("SubjectNever", None),
]


@pytest.mark.parametrize(("type_", "data"), WRONG_OF_SUBJECT)
def test_a_subject_whose_event_cannot_be_read_is_denied_and_nobody_else(
    type_: str, data: dict[str, Any] | None
) -> None:
    story = a_story().role("reader", customer_read="all/public").give(ANA, "reader")
    story.give(BEN, "reader")
    story.events.append(PermissionEvent(len(story.events) + 1, f"subject-{ANA}", type_, data))
    assert story.code(ANA, READ, a_customer()) == "parked"
    assert story.code(BEN, READ, a_customer()) == "allowed"
    assert story.give(ANA, "reader").code(ANA, READ, a_customer()) == "parked"


def test_somebody_who_was_given_something_before_joining_is_parked() -> None:
    story = a_story().role("reader", customer_read="all/public").give(DAN, "reader")
    assert story.code(DAN, READ, a_customer()) == "parked"


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("RolePermissionSet", {"permission": READ, "allowances": [{"scope": "all"}]}),
        ("RolePermissionSet", {"permission": READ, "allowances": "all"}),
        ("RoleLevelChanged", {"level": "high"}),
        ("RoleParentAdded", {}),
    ],
)
def test_a_role_whose_event_cannot_be_read_gives_nothing_and_withheld_it_withholds_all(
    type_: str, data: dict[str, Any]
) -> None:
    story = a_story().role("reader", customer_read="all/public").role("heir", "reader")
    story.role("writer", customer_write="all/public", customer_read="all/public")
    story.give(ANA, "heir").give(BEN, "writer").give(CAT, "writer")
    story.give(CAT, "heir", effect="deny").policy(type_, role="reader", **data)
    assert story.code(ANA, READ, a_customer()) == "parked"
    assert story.code(BEN, READ, a_customer()) == "allowed"
    assert story.code(CAT, WRITE, a_customer()) == "parked"


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("PermissionDefined", {"permission": "x:y", "risk": "enormous"}),
        ("SodRuleDefined", {"rule": "r", "kind": "static", "first": "x", "second": []}),
        ("FreshnessLimitSet", {"risk": "low", "seconds": -1}),
        ("FreshnessLimitSet", {"risk": "low", "seconds": True}),
        ("DataClassSet", {"resource_type": "customer", "field": "x", "data_class": "pink"}),
        ("RoleRetired", {}),
        ("Unheard", None),
    ],
)
def test_an_event_of_the_policy_that_may_concern_anything_denies_everything(
    type_: str, data: dict[str, Any] | None
) -> None:
    story = a_story().role("reader", customer_read="all/public").give(ANA, "reader")
    assert story.code(ANA, READ, a_customer()) == "allowed"
    story.events.append(PermissionEvent(len(story.events) + 1, "policy", type_, data))
    assert story.code(ANA, READ, a_customer()) == "parked"


def a_busy_story() -> Story:
    story = a_story().role("reader", customer_read="all/public").role("heir", "reader")
    story.give(ANA, "heir", until=NOON).give(BEN, permission=READ, effect="deny")
    story.of(ANA, "SodExceptionGiven", rule="r", until=NOON.isoformat())
    story.of(ANA, "SubjectMoved", teams=["b", "a"], department=None, manager=BEN)
    story.of(CAT, "SubjectAttributesSet", attributes={"level": 3, "vip": True})
    return story.of(CAT, "SubjectAttributesSet", attributes={"level": None}).of(BEN, "SubjectLeft")


def test_however_events_are_cut_into_batches_and_repeated_the_state_is_the_same() -> None:
    events = a_busy_story().events
    whole = World().after(events)
    for size in range(1, 8):
        world = World()
        for start in range(0, len(events), size):
            batch = events[start : start + size]
            world = world.after(batch).after(batch).after(events[:start])
        assert state_hash(world) == state_hash(whole)
        assert world.position == whole.position


def test_a_world_that_is_held_does_not_change_under_its_holder() -> None:
    story = a_busy_story()
    world = story.world
    before = state_hash(world)
    entries, position = dict(world.entries), world.position
    story.of(ANA, "SubjectLeft").policy("RoleRetired", role="reader").permission("x:y").person(DAN)
    assert state_hash(story.world) != before
    assert (state_hash(world), world.entries, world.position) == (before, entries, position)
