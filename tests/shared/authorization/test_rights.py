"""Rights hold after a wait only if what they come from is as it was; a mere look refuses nobody."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.authorization.permissions import Permission
from shared.authorization.questions import PLAINLY, Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Noted, Rights
from shared.authorization.world import World
from tests.shared.authorization.story import ANA, BEN, CAT, DAN, INTERNAL, NOON, Story, a_story

BENS = Record("customer", "c", BEN, INTERNAL)


def basis(world: World, minutes: int = 0) -> Basis:
    return Basis(world, 1, moment(NOON + timedelta(minutes=minutes)), 0.0)


def a_team() -> Story:
    return a_story().role("rep", customer_read="team/internal").give(ANA, "rep")


def holds_after(change: Callable[[Story], Story], around: Circumstances = PLAINLY) -> bool:
    """Say whether ana's rights hold on when this happened meanwhile."""
    story = a_team()
    rights = Rights(basis(story.world), ANA, around)
    assert rights.check(Permission.CUSTOMERS_READ, BENS)[0] is (around is PLAINLY)
    return rights.hold_on(basis(change(story).world))


def test_rights_hold_while_nothing_changes_and_whatever_happens_to_others() -> None:
    world = a_team().world
    assert Rights(basis(world), ANA).hold_on(basis(world, 60))
    assert Rights(basis(world), "nobody").hold_on(basis(world, 60))
    assert holds_after(lambda story: story.of(BEN, "SubjectLeft"))
    assert holds_after(lambda story: story.give(BEN, "rep"))
    assert holds_after(lambda story: story.tell("canary-1", "CanaryNoted"))


HIDDEN = {"resource": "customer", "field": "name", "data_class": "restricted"}
CHANGES: dict[str, Callable[[Story], Story]] = {
    "one's own leaving": lambda story: story.of(ANA, "SubjectLeft"),
    "one's own grants": lambda story: story.give(ANA, "rep", clearance="public"),
    "one's own team": lambda story: story.of(ANA, "SubjectMoved", teams=[]),
    "the team of whose record it is": lambda story: story.of(BEN, "SubjectMoved", teams=[]),
    "a newcomer, who may be in the team": lambda story: story.person(DAN, "north"),
    "the role": lambda story: story.role("rep", customer_read="own/internal"),
    "what a field is": lambda story: story.policy("DataClassSet", **HIDDEN),
    "anything, once it cannot be read": lambda story: story.of(ANA, "GrantGiven"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_rights_hold_no_longer_than_what_they_come_from(what: str) -> None:
    assert not holds_after(CHANGES[what])


def test_who_acts_as_another_holds_on_no_longer_than_either_of_them_is_the_same() -> None:
    acting = Circumstances(actor=CAT)
    assert holds_after(lambda story: story.give(BEN, "rep"), acting)
    assert not holds_after(lambda story: story.give(CAT, "rep"), acting)
    assert not holds_after(lambda story: story.give(ANA, "rep", clearance="public"), acting)


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
