"""Rights hold after a wait only if nothing changed; what is only looked at refuses nobody."""

from datetime import timedelta

from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Noted, Rights
from shared.authorization.world import World
from tests.shared.authorization.story import ANA, BEN, INTERNAL, NOON, a_story


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


def test_what_is_only_looked_at_is_no_refusal_and_what_is_shown_is_on_record() -> None:
    story = a_story().role("rep", customer_read="own/internal").give(ANA, "rep")
    noted: list[Noted] = []
    rights = Rights(basis(story.world), ANA, noted=noted.append)
    read = Permission.CUSTOMERS_READ
    mine, bens = (Record("customer", "c", one, INTERNAL) for one in (ANA, BEN))
    assert not rights.look(read, bens)[0][0]
    assert noted == []
    assert rights.look(read, mine) == rights.view(read, mine)
    assert rights.look(read, bens) == rights.view(read, bens)
    assert [one[3][0] for one in noted] == [True, True, False]
