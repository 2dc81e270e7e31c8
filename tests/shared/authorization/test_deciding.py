"""One way must allow it alone, a denial beats everything, and every answer has its reason."""

from typing import Any, cast

import pytest

from shared.authorization.deciding import decide
from shared.authorization.questions import Circumstances, Record
from shared.authorization.state import Grant
from tests.shared.authorization.story import (
    ANA,
    BEN,
    CAT,
    CONFIDENTIAL,
    DAN,
    INTERNAL,
    NOON,
    PUBLIC,
    RESTRICTED,
    SECOND,
    Story,
    a_customer,
    a_story,
)

READ, WRITE, ERASE = "customer:read", "customer:write", "customer:erase"
ARCHIVED = {"attribute": "resource.status", "is": "eq", "value": "archived"}


def reader(ways: str) -> Story:
    return a_story().role("reader", customer_read=ways).give(ANA, "reader")


def test_two_roles_never_join_one_ones_reach_with_the_others_clearance() -> None:
    story = a_story().role("wide", customer_read="all/public")
    story.role("deep", customer_read="own/restricted").give(ANA, "wide").give(ANA, "deep")
    assert story.code(ANA, READ, a_customer(CAT, PUBLIC)) == "allowed"
    assert story.code(ANA, READ, a_customer(ANA, RESTRICTED)) == "allowed"
    assert story.code(ANA, READ, a_customer(CAT, INTERNAL)) == "sensitivity"


@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        ("own", {ANA}),
        ("team", {ANA, BEN}),
        ("department", {ANA, BEN}),
        ("all", {ANA, BEN, CAT, DAN, None}),
    ],
)
def test_each_scope_reaches_its_records_and_no_others(scope: str, reached: set[str | None]) -> None:
    story = reader(f"{scope}/restricted")
    for owner in (ANA, BEN, CAT, DAN, None):
        expected = "allowed" if owner in reached else "out_of_scope"
        assert story.code(ANA, READ, a_customer(owner)) == expected, owner


def test_a_department_reaches_what_lies_under_it_and_not_what_only_begins_like_it() -> None:
    story = a_story().role("reader", customer_read="department/public").give(CAT, "reader")
    story.person(DAN, department="salesforce")
    assert story.code(CAT, READ, a_customer(BEN)) == "allowed"
    assert story.code(CAT, READ, a_customer(DAN)) == "out_of_scope"


def test_a_wider_scope_reaches_all_that_a_narrower_one_does() -> None:
    story = a_story().person(DAN, "north", department="finance")
    story.role("wide", customer_read="department/public").role(
        "narrow", customer_read="team/public"
    )
    story.give(ANA, "wide").give(BEN, "wide", scope="team").give(DAN, "narrow", scope="department")
    for subject, other in ((ANA, DAN), (BEN, DAN), (DAN, ANA)):
        assert story.code(subject, READ, a_customer(other)) == "allowed"


def test_without_teams_and_department_only_ones_own_are_reached() -> None:
    story = a_story().person(DAN).role("reader", customer_read="team/public department/public")
    story.person("other").give(DAN, "reader")
    assert story.code(DAN, READ, a_customer(DAN)) == "allowed"
    assert story.code(DAN, READ, a_customer("other")) == "out_of_scope"


@pytest.mark.parametrize("effect", ["role", "permission"])
def test_a_denial_beats_an_allowance_from_any_source(effect: str) -> None:
    story = reader("all/restricted").give(ANA, permission=READ, scope="all", clearance="restricted")
    assert story.code(ANA, READ, a_customer(ANA)) == "allowed"
    withheld = {"role": "reader"} if effect == "role" else {"permission": READ}
    story.give(ANA, **withheld, effect="deny")
    allowed, code, source, *_ = story.ask(ANA, READ, a_customer(ANA))
    assert (allowed, code) == (False, "denied")
    assert cast("Grant", source).grant_id == "grant-3"


def test_a_denial_of_some_records_denies_these_and_leaves_the_others() -> None:
    story = reader("all/public").give(ANA, permission=READ, effect="deny", records=["c-2"])
    assert story.code(ANA, READ, a_customer()) == "allowed"
    assert story.code(ANA, READ, a_customer(id_="c-2")) == "denied"
    assert story.code(ANA, READ, None) == "allowed"


def test_a_denial_whose_condition_cannot_be_known_denies() -> None:
    story = reader("all/public").give(ANA, permission=READ, effect="deny", condition=ARCHIVED)
    assert story.code(ANA, READ, a_customer(status="open")) == "allowed"
    assert story.code(ANA, READ, a_customer(status="archived")) == "denied"
    assert story.code(ANA, READ, a_customer()) == "denied"
    assert story.code(ANA, READ, a_customer(status=7)) == "denied"


def test_an_allowance_whose_condition_cannot_be_known_does_not_allow() -> None:
    story = a_story().give(
        ANA, permission=READ, scope="all", clearance="restricted", condition={"not": ARCHIVED}
    )
    assert story.code(ANA, READ, a_customer(status="open")) == "allowed"
    assert story.code(ANA, READ, a_customer(status="archived")) == "condition"
    assert story.code(ANA, READ, a_customer()) == "condition"


def test_a_grant_takes_away_from_its_role_and_never_adds() -> None:
    story = a_story().role("reader", customer_read="team/confidential")
    story.give(ANA, "reader", scope="all", clearance="internal", records=["c-1", "c-2"])
    assert story.code(ANA, READ, a_customer(BEN, INTERNAL)) == "allowed"
    assert story.code(ANA, READ, a_customer(CAT, INTERNAL)) == "out_of_scope"
    assert story.code(ANA, READ, a_customer(BEN, CONFIDENTIAL)) == "sensitivity"
    assert story.code(ANA, READ, a_customer(BEN, INTERNAL, "c-3")) == "out_of_scope"


def test_a_condition_of_a_grant_comes_beside_that_of_its_role() -> None:
    big = {"attribute": "resource.size", "is": "eq", "value": 5}
    story = a_story().role("r").allow("r", READ, "all/public", condition=ARCHIVED)
    story.give(ANA, "r", condition=big)
    for its, expected in (
        ({"status": "archived", "size": 5}, "allowed"), ({"size": 5}, "condition"),
        ({"status": "archived"}, "condition"),
    ):  # fmt: skip
        assert story.code(ANA, READ, a_customer(**its)) == expected


def test_a_single_permission_reaches_as_far_as_its_grant_says() -> None:
    story = a_story().give(ANA, permission=READ, scope="own", clearance="public")
    assert story.code(ANA, READ, a_customer(ANA, PUBLIC)) == "allowed"
    assert story.code(ANA, READ, a_customer(BEN, PUBLIC)) == "out_of_scope"
    assert story.code(ANA, READ, a_customer(ANA, INTERNAL)) == "sensitivity"
    story.give(ANA, permission=READ)
    assert story.code(ANA, READ, a_customer(None, None)) == "allowed"


def test_what_is_not_classified_is_restricted_and_what_nobody_owns_is_reached_by_all_alone() -> (
    None
):
    story = reader("all/confidential department/restricted")
    assert story.code(ANA, READ, a_customer(None, CONFIDENTIAL)) == "allowed"
    assert story.code(ANA, READ, a_customer(ANA, None)) == "allowed"
    assert story.code(ANA, READ, a_customer(None, None)) == "sensitivity"


def test_of_several_misses_the_nearest_is_told_with_its_grant() -> None:
    over, soon = NOON - SECOND, NOON + SECOND
    ways: list[tuple[str, dict[str, Any]]] = [
        ("out_of_scope", {"scope": "own"}),
        ("sensitivity", {"clearance": "public"}),
        ("condition", {"scope": "all", "clearance": "internal", "condition": ARCHIVED}),
        ("not_yet_valid", {"scope": "all", "clearance": "internal", "from_": soon}),
        ("expired", {"scope": "all", "clearance": "internal", "until": over}),
    ]
    story = a_story()
    for number, (code, way) in enumerate(ways, 1):
        story.give(ANA, permission=READ, **way)
        _, told, source, *_ = story.ask(ANA, READ, a_customer(BEN, INTERNAL))
        assert (told, cast("Grant", source).grant_id) == (code, f"grant-{number}")


def test_a_way_that_misses_twice_is_told_by_what_mending_the_other_would_not_help() -> None:
    story = reader("own/public").give(ANA, permission=READ, scope="own", until=NOON - SECOND)
    assert story.code(ANA, READ, a_customer(BEN)) == "out_of_scope"


def test_who_or_what_is_unknown_is_denied() -> None:
    story = reader("all/restricted")
    for name in ("nobody", "", ANA.upper(), f"{ANA} ", f"{ANA}' or true --", "аna"):  # noqa: RUF001
        assert story.code(name, READ, a_customer()) == "unknown_subject"
    for name in ("customer:fly", "planet:read", "CUSTOMER:read", "", "customer:read "):
        assert story.code(ANA, name, a_customer()) == "unknown_permission"
    assert story.code(ANA, WRITE, a_customer()) == "no_grant"


def test_a_world_in_which_nothing_happened_denies_everything() -> None:
    story = Story()
    assert story.code(ANA, READ, a_customer()) == "unknown_subject"
    assert story.person(ANA).code(ANA, READ, None) == "unknown_permission"


def test_a_permission_that_is_retired_is_unknown_and_comes_back_with_its_definition() -> None:
    story = reader("all/public")
    assert story.code(ANA, READ, a_customer()) == "allowed"
    story.policy("PermissionRetired", permission=READ)
    assert story.code(ANA, READ, a_customer()) == "unknown_permission"
    assert story.permission(READ).code(ANA, READ, a_customer()) == "allowed"
    story.give(BEN, permission="customer:fly").give(BEN, permission=READ)
    assert story.code(BEN, "customer:fly", a_customer()) == "unknown_permission"
    story.policy("PermissionRetired", permission=READ)
    assert story.code(BEN, READ, a_customer()) == "unknown_permission"


@pytest.mark.parametrize(
    ("permission", "seconds"), [(READ, 300.0), (WRITE, 30.0), (ERASE, 1.0), ("no:such", 1.0)]
)
def test_a_replica_that_is_too_old_for_the_risk_denies(permission: str, seconds: float) -> None:
    story = reader("all/public")
    assert story.code(ANA, permission, a_customer(), age=seconds) != "stale"
    for age in (seconds + 0.001, float("inf"), float("nan")):
        assert story.code("nobody", permission, a_customer(), age=age) == "stale"


def test_how_old_a_replica_may_be_is_a_matter_of_the_policy() -> None:
    story = reader("all/public").policy("FreshnessLimitSet", risk="low", seconds=2)
    assert story.code(ANA, READ, a_customer(), age=2.0) == "allowed"
    assert story.code(ANA, READ, a_customer(), age=2.1) == "stale"


def test_a_replica_that_has_not_seen_what_the_asker_saw_denies() -> None:
    story = reader("all/public")
    here = story.world.position
    for wanted, code in ((here, "allowed"), (here + 1, "behind")):
        around = Circumstances(wanted=wanted)
        assert story.code(ANA, READ, a_customer(), around=around) == code


def test_an_answer_names_the_grant_the_position_and_the_age() -> None:
    story = reader("own/public")
    assert story.ask(ANA, READ, a_customer(ANA), age=0.25) == (
        True, "allowed", story.world.subjects[ANA].grants[0], len(story.events), 0.25
    )  # fmt: skip


def test_before_a_record_is_known_only_the_record_is_left_open() -> None:
    story = a_story().give(
        ANA, permission=READ, scope="own",
        condition={"all": [ARCHIVED, {"attribute": "context.mfa", "is": "eq", "value": True}]},
    )  # fmt: skip
    assert story.code(ANA, READ, None) == "condition"
    around = Circumstances(context={"mfa": True})
    assert story.code(ANA, READ, None, around=around) == "allowed"
    assert story.code(ANA, READ, a_customer(ANA), around=around) == "condition"
    story.give(ANA, permission=READ, effect="deny", condition={"not": ARCHIVED})
    assert story.code(ANA, READ, None, around=around) == "allowed"
    story.give(ANA, permission=READ, effect="deny", until=NOON + SECOND)
    assert story.code(ANA, READ, None, around=around) == "denied"


def test_who_asks_and_whose_a_record_is_cannot_be_said_by_whoever_asks() -> None:
    own = {"attribute": "resource.owner", "is": "eq", "to": "subject.id"}
    story = a_story().give(ANA, permission=READ, scope="all", condition=own)
    around = Circumstances(subject={"id": BEN})
    assert story.code(ANA, READ, a_customer(BEN), around=around) == "condition"
    assert story.code(ANA, READ, Record("customer", "x", BEN, 0, {"owner": ANA})) == "condition"
    assert story.code(ANA, READ, a_customer(ANA), around=around) == "allowed"


class Mischief:
    """Something that no check expects."""

    @property
    def owner(self) -> str:
        raise RuntimeError("no check expects this")


@pytest.mark.parametrize(
    ("subject", "permission", "record", "now"),
    [
        ([], READ, a_customer(), 0),
        (ANA, {}, a_customer(), 0),
        (ANA, READ, Mischief(), 0),
        (ANA, READ, a_customer(ANA, cast("int", "public")), 0),
        (ANA, WRITE, a_customer(), "noon"),
    ],
)
def test_whatever_fails_in_a_check_is_denied_and_counted(
    subject: object, permission: object, record: object, now: object
) -> None:

    story = reader("own/public").give(ANA, permission=WRITE, scope="all", until=NOON)
    world = story.world
    answer = cast("Any", decide)(world, subject, permission, record, now, 0.0)
    assert answer[:3] == (False, "error", None)
    assert world.troubles.count == 1
    assert world.troubles.last in {"TypeError", "RuntimeError"}
    assert story.give(ANA, "reader").world.troubles.count == 1
