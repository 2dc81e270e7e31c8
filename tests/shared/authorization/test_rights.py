"""Rights taken before a wait hold after it only if nothing changed, and no grant began or ended."""

from datetime import timedelta

from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Rights
from shared.authorization.world import World
from tests.shared.authorization.story import ANA, BEN, NOON, a_story


def basis(world: World, minutes: int = 0) -> Basis:
    return Basis(world, 1, moment(NOON + timedelta(minutes=minutes)), 0.0)


def test_rights_hold_until_anything_is_said_of_anybody() -> None:
    story = a_story().role("rep", customer_read="own/internal").give(ANA, "rep")
    world = story.world
    rights = Rights(basis(world), ANA)
    assert rights.hold_on(basis(world, 60))
    assert Rights(basis(world), "nobody").hold_on(basis(world, 60))
    assert not rights.hold_on(basis(story.of(BEN, "SubjectLeft").world))


def test_rights_hold_until_a_grant_begins_or_ends() -> None:
    story = a_story().role("rep", customer_read="own/internal")
    story.give(ANA, "rep", from_=NOON + timedelta(minutes=2), until=NOON + timedelta(minutes=5))
    world = story.world
    told = {
        (before, after): Rights(basis(world, before), ANA).hold_on(basis(world, after))
        for before, after in ((0, 1), (0, 2), (2, 4), (4, 5), (5, 9))
    }
    assert told == {(0, 1): True, (0, 2): False, (2, 4): True, (4, 5): False, (5, 9): True}
    assert Rights(basis(world), BEN).hold_on(basis(world, 9))
