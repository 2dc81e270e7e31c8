"""Whoever acts as somebody else reaches what that person reaches, never more, and not for long."""

import pytest

from shared.authorization.questions import Circumstances
from shared.authorization.snapshot import from_bytes, state_hash, to_bytes
from tests.shared.authorization.story import (
    ANA,
    BEN,
    CAT,
    MICROSECOND,
    NOON,
    SECOND,
    Story,
    a_customer,
    a_story,
    may_act,
)

READ, ERASE = "customer:read", "customer:erase"
BENS, ANAS = a_customer(BEN), a_customer(ANA)
AS_ANA = Circumstances(actor=ANA)
END = NOON + SECOND


def acting(level: int = 50) -> Story:
    """Ana acts as Ben for a second; Ben reads what is his own."""
    story = a_story().role("reader", customer_read="own/restricted", customer_erase="all/public")
    return may_act(story.give(BEN, "reader"), ANA, level).acts(ANA, BEN, END, level)


def test_it_reaches_what_the_other_reaches_as_if_it_were_them() -> None:
    story = acting().give(ANA, None, permission=READ, scope="own")
    assert story.code(BEN, READ, BENS, around=AS_ANA) == "allowed"
    assert story.code(BEN, READ, ANAS, around=AS_ANA) == "out_of_scope"


def test_it_ends_at_its_end_and_when_it_is_ended() -> None:
    story = acting()
    assert story.code(BEN, READ, BENS, around=AS_ANA, now=END - MICROSECOND) == "allowed"
    assert story.code(BEN, READ, BENS, around=AS_ANA, now=END) == "acting_over"
    story.of(ANA, "ActingEnded", acting_id="acting-3", at=NOON.isoformat())
    assert story.code(BEN, READ, BENS, around=AS_ANA) == "acting_over"


@pytest.mark.parametrize("other", [None, CAT, "nobody"])
def test_it_is_of_exactly_these_two(other: str | None) -> None:
    story = acting().give(CAT, "reader")
    around = Circumstances(actor=other or BEN)
    assert story.code(BEN, READ, BENS, around=around) == "acting_over"
    assert story.code(CAT, READ, a_customer(CAT), around=AS_ANA) == "acting_over"


@pytest.mark.parametrize("what", ["SubjectSuspended", "SubjectLeft", "SubjectErased"])
def test_who_is_not_active_acts_as_nobody_and_is_acted_as_by_nobody(what: str) -> None:
    assert acting().of(ANA, what).code(BEN, READ, BENS, around=AS_ANA) == "acting_over"
    code = acting().of(BEN, what).code(BEN, READ, BENS, around=AS_ANA)
    assert code == "inactive_subject"
    again = acting().of(ANA, "SubjectSuspended").of(ANA, "SubjectReinstated")
    assert again.code(BEN, READ, BENS, around=AS_ANA) == "acting_over"


def test_who_may_not_act_any_more_does_not() -> None:
    story = acting()
    story.give(ANA, None, permission="subject:act_as", effect="deny")
    assert story.code(BEN, READ, BENS, around=AS_ANA) == "acting_over"


def test_nobody_is_acted_as_whose_level_is_higher_now_or_was_in_the_beginning() -> None:
    assert acting(10).code(BEN, READ, BENS, around=AS_ANA) == "allowed"
    assert acting(9).code(BEN, READ, BENS, around=AS_ANA) == "above_actor"
    story = acting().role("boss", level=51).give(BEN, "boss", until=NOON + 2 * SECOND)
    assert story.code(BEN, READ, BENS, around=AS_ANA) == "above_actor"
    grown = acting(9).role("boss", level=90).give(ANA, "boss")
    assert grown.code(BEN, READ, BENS, around=AS_ANA) == "above_actor"
    shrunk = acting().policy("RoleLevelChanged", role="helper", level=9)
    assert shrunk.code(BEN, READ, BENS, around=AS_ANA) == "above_actor"


def test_what_is_held_in_part_counts_for_who_is_acted_as_and_not_for_who_acts() -> None:
    story = acting().role("boss", level=60)
    story.give(ANA, "boss", records=["c-1"])
    assert story.code(BEN, READ, BENS, around=AS_ANA) == "allowed"
    story.give(BEN, "boss", records=["c-1"])
    assert story.code(BEN, READ, BENS, around=AS_ANA) == "above_actor"


def test_a_single_permission_counts_as_much_as_a_role_that_has_it_so_far() -> None:
    story = acting().permission("customer:export").role("exporter", level=60)
    story.allow("exporter", "customer:export", "all/public")
    story.give(BEN, None, permission="customer:export", scope="own", clearance="public")
    assert story.code(BEN, READ, BENS, around=AS_ANA) == "above_actor"


@pytest.mark.parametrize("risk", ["low", "critical"])
def test_rights_and_what_is_critical_are_for_the_own_name(risk: str) -> None:
    story = acting().permission("grant:request", risk).permission("customer:sell", risk)
    story.allow("reader", "grant:request", "all/public")
    story.allow("reader", "customer:sell", "all/public")
    assert story.code(BEN, "grant:request", None, around=AS_ANA) == "in_the_own_name"
    sells = story.code(BEN, "customer:sell", BENS, around=AS_ANA)
    assert sells == ("in_the_own_name" if risk == "critical" else "allowed")
    assert story.code(BEN, ERASE, BENS, around=AS_ANA) == "in_the_own_name"
    assert story.code(BEN, ERASE, BENS) == "allowed"


def test_it_is_never_decided_from_what_is_older_than_a_second() -> None:
    story = acting()
    assert story.code(BEN, READ, BENS, age=1.1) == "allowed"
    assert story.code(BEN, READ, BENS, age=1.1, around=AS_ANA) == "stale"


def test_a_snapshot_has_it_and_decides_the_same() -> None:
    world = acting().world
    again = from_bytes(to_bytes(world))
    assert again.subjects == world.subjects
    assert state_hash(again) == state_hash(world)
    assert again.subjects[ANA].acting[0].target == BEN


def test_what_is_over_is_forgotten_when_another_one_begins() -> None:
    story = acting()
    later = (END + SECOND).isoformat()
    told = {"acting_id": "later", "target": CAT, "level": 50, "since": END.isoformat()}
    story.of(ANA, "ActingBegun", **told, until=later)
    assert [one.acting_id for one in story.world.subjects[ANA].acting] == ["later"]


def test_one_that_cannot_be_read_denies_whoever_acts_everything() -> None:
    story = acting().of(ANA, "ActingBegun", acting_id="acting-9", target=CAT)
    assert story.code(BEN, READ, BENS, around=AS_ANA) == "parked"
    assert story.code(ANA, READ, ANAS) == "parked"
