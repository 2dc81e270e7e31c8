"""A replica that starts from a snapshot is the replica that wrote it."""

import gc
from weakref import ref

import orjson
import pytest

from shared.authorization.snapshot import (
    UnreadableSnapshotError,
    from_bytes,
    state_hash,
    to_bytes,
)
from shared.authorization.world import World
from tests.shared.authorization.story import ANA, BEN, NOON, SECOND, Story, a_customer, a_story

READ = "customer:read"
OPEN = {"attribute": "resource.status", "is": "in", "value": ["open", "new"]}


def everything() -> Story:
    story = a_story().role("top", customer_read="all/public").role("heir", "top", level=7)
    story.allow("heir", "customer:write", "own/internal", condition=OPEN)
    story.policy("DataClassSet", resource_type="customer", field="*", data_class="internal")
    story.policy("SodRuleDefined", rule="r", kind="dynamic", first=["heir"], second=[READ])
    story.policy("FreshnessLimitSet", risk="low", seconds=9)
    story.policy("DefaultRoleChosen", role="heir").service("robot", ANA)
    story.give(ANA, "heir").give(ANA, "heir", until=NOON + SECOND, records=["c-1", "c-0"])
    story.give(BEN, permission=READ, effect="deny", from_=NOON, condition=OPEN)
    story.of(ANA, "SubjectAttributesSet", attributes={"vip": True, "level": 1, "name": "x"})
    story.of(ANA, "SodExceptionGiven", rule="r", until=NOON.isoformat()).of(ANA, "CallerTrusted")
    story.of(BEN, "SubjectMoved", manager=ANA).policy("RoleParentAdded", role="heir")
    story.policy("RoleRetired", role="never heard of")
    return story.of("lost", "GrantRevoked", grant_id="x")


@pytest.mark.parametrize("story", [Story(), everything()])
def test_what_is_read_is_what_was_written(story: Story) -> None:
    world = story.world
    again = from_bytes(to_bytes(world))
    assert (again.policy, again.subjects, again.position) == (
        world.policy, world.subjects, world.position
    )  # fmt: skip
    assert to_bytes(again) == to_bytes(world)
    assert state_hash(again) == state_hash(world)


def test_the_topic_goes_on_where_the_snapshot_ends() -> None:
    story = everything()
    start = from_bytes(to_bytes(story.world))
    story.of(ANA, "GrantRevoked", grant_id="grant-1").role("top", customer_read="own/public")
    assert state_hash(start.after(story.events)) == state_hash(story.world)


def test_equal_states_have_one_hash_whatever_came_in_between() -> None:
    story = a_story()
    before = state_hash(story.world)
    story.permission("x:y").give(ANA, "reader").policy("PermissionRetired", permission="x:y")
    assert state_hash(story.world) != before
    story.of(ANA, "GrantRevoked", grant_id="grant-1")
    assert state_hash(story.world) == before


def test_one_and_true_are_two_states() -> None:
    hashes = set()
    for value in (1, True):
        condition = {"attribute": "resource.x", "is": "eq", "value": value}
        hashes.add(state_hash(a_story().give(ANA, permission=READ, condition=condition).world))
    assert len(hashes) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"[]",
        b"{",
        orjson.dumps({"format": 2}),
        to_bytes(World()).replace(b'"position"', b'"place"'),
        to_bytes(everything().world).replace(b'"roles"', b'"rolls"'),
        to_bytes(everything().world).replace(b'"kind"', b'"sort"'),
        to_bytes(everything().world).replace(b'"value"', b'"valeur"'),
    ],
)
def test_what_is_no_snapshot_of_this_format_is_refused(wrong: bytes) -> None:
    with pytest.raises(UnreadableSnapshotError):
        from_bytes(wrong)


@pytest.mark.parametrize("is_on", [True, False])
def test_garbage_is_looked_for_as_before_whatever_was_read(is_on: bool) -> None:
    if not is_on:
        gc.disable()
    try:
        from_bytes(to_bytes(everything().world))
        assert gc.isenabled() == is_on
        with pytest.raises(UnreadableSnapshotError):
            from_bytes(b"{")
        assert gc.isenabled() == is_on
    finally:
        gc.enable()


def test_a_world_read_from_a_snapshot_ends_when_nobody_needs_it() -> None:
    world = from_bytes(to_bytes(everything().world))
    its = ref(world.troubles)
    assert its() is not None
    del world
    assert its() is None


def test_a_world_read_from_a_snapshot_decides_as_before() -> None:
    story = everything()
    world = from_bytes(to_bytes(story.world))
    for subject in (ANA, BEN, "robot", "lost"):
        assert world.entry(subject) == story.world.entry(subject)
    assert story.code(ANA, READ, a_customer()) == "parked"
