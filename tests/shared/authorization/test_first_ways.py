"""Most checks are answered by two bytes of the entry, and say what all of the ways would say."""

import pytest

from shared.authorization.compiling import ways_of
from shared.authorization.first_ways import NO_GIVER, TO_BE_JUDGED
from shared.authorization.state import Grant
from tests.shared.authorization.story import (
    ANA,
    BEN,
    CAT,
    PUBLIC,
    RESTRICTED,
    Story,
    a_customer,
    a_story,
)

READ, WRITE = "customer:read", "customer:write"


def bytes_of(story: Story, subject: str, permission: str) -> tuple[int, int]:
    entry, place = story.world.entry(subject), story.world.places[permission]
    assert entry is not None
    return entry.first[place], entry.first[place + 1]


def source_of(story: Story, subject: str, permission: str) -> str:
    source = story.ask(subject, permission, a_customer(subject, PUBLIC))[2]
    assert isinstance(source, Grant)
    return source.target


def test_everybody_with_one_role_shares_its_row() -> None:
    story = a_story().role("reader", customer_read="all/public")
    story.give(ANA, "reader").give(BEN, "reader")
    ana, ben = story.world.entry(ANA), story.world.entry(BEN)
    assert ana is not None
    assert ben is not None
    assert ana.first is ben.first
    assert ana.grants != ben.grants


@pytest.mark.parametrize("count", [1, 2, NO_GIVER - 1, NO_GIVER, NO_GIVER + 3])
def test_the_grant_that_allows_is_told_however_many_there_are(count: int) -> None:
    story = a_story()
    for number in range(count):
        story.role(f"idle-{number}").give(ANA, f"idle-{number}")
    story.role("reader", customer_read="all/public").give(ANA, "reader")
    is_counted = count < NO_GIVER
    assert (bytes_of(story, ANA, READ)[0] != TO_BE_JUDGED) is is_counted
    assert story.code(ANA, READ, a_customer(CAT, PUBLIC)) == "allowed"
    assert story.code(ANA, READ, a_customer(CAT, RESTRICTED)) == "sensitivity"
    assert source_of(story, ANA, READ) == "reader"


def test_of_roles_that_overlap_each_is_looked_at_and_the_one_that_allows_is_told() -> None:
    story = a_story().role("wide", customer_read="all/public")
    story.role("deep", customer_read="own/restricted").give(ANA, "wide").give(ANA, "deep")
    entry = story.world.entry(ANA)
    assert entry is not None
    assert len(ways_of(story.world.policy, entry, READ)) == 2
    found = story.ask(ANA, READ, a_customer(ANA, RESTRICTED))
    assert (found[0], isinstance(found[2], Grant) and found[2].target) == (True, "deep")
    assert source_of(story, ANA, READ) == "wide"


def test_what_is_denied_in_part_is_judged_in_full() -> None:
    story = a_story().role("worker", customer_read="all/public", customer_write="all/public")
    story.give(ANA, "worker")
    story.give(ANA, None, permission=READ, effect="deny", records=["c-9"])
    assert bytes_of(story, ANA, READ)[0] == TO_BE_JUDGED
    assert bytes_of(story, ANA, WRITE)[0] != TO_BE_JUDGED
    assert story.code(ANA, READ, a_customer(ANA, PUBLIC)) == "allowed"
