"""What a dry run tells of gains and losses is what every process decides before and after."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.permissions.domain.book import Asking, Book, OnSubject
from services.permissions.domain.meaning import world_of
from services.permissions.domain.subject.commands import MoveSubject, RevokeGrant
from services.permissions.domain.subject.state import Placement, Terms
from services.permissions.domain.what_if import WhatIf, what_if
from shared.authorization.deciding import decide
from shared.authorization.questions import Record
from shared.authorization.reading import moment
from shared.errors import DaybookError
from tests.permissions.domain.chance import EVERYBODY, PERMISSIONS, Chance, an_office
from tests.permissions.domain.stories import ADA, BOB, DAY, HOUR, LEO, NORTH, Story, give, on

STEPS = 150
OTHER = UUID(int=4_711)
"""Somebody whom nobody knows: only scope `all` reaches what is theirs."""
Key = tuple[UUID, str, datetime, UUID, int]
"""Who, which permission, when, whose record, and how secret it is."""


@pytest.mark.parametrize("seed", range(4))
def test_nobody_may_more_or_less_than_a_dry_run_told(seed: int) -> None:
    chance, story = Chance(seed), a_team()
    gains = losses = 0
    for step in range(STEPS):
        story = story.asked_by(chance.who()).later(chance.dice.choice([timedelta(), HOUR, DAY]))
        asked = denied(chance, story) if chance.dice.random() < 0.2 else chance.asked(story)
        try:
            told = what_if(story.book, [asked], Asking(story.by, story.at))
        except DaybookError:
            continue
        gained, lost = flips(story, told)
        seen = f"seed {seed}, step {step}: {asked}"
        assert gained <= told_of(told, is_gain=True), seen
        assert lost <= told_of(told, is_gain=False), seen
        gains, losses = gains + len(gained), losses + len(lost)
        story = Story(told.after.copy(), story.by, story.at)
    assert gains
    assert losses


def denied(chance: Chance, story: Story) -> OnSubject:
    """Return a denial, or the end of one."""
    who, number = chance.who(), chance.dice.randrange(20_000, 90_000)
    ends = [
        grant_id
        for grant_id, grant in story.subject(who).grants.items()
        if grant.terms.effect == "deny"
    ]
    if ends:
        return on(who, RevokeGrant(ends[0]))
    target = chance.dice.choice((*PERMISSIONS, "reader", "seller", "boss"))
    role, permission = (None, target) if ":" in target else (target, None)
    return give(who, number, Terms(role, permission, "deny"))


def a_team() -> Story:
    """Begin with Ada and Leo in one team and Bob alone in their department."""
    story = an_office()
    for who, teams in ((ADA, (NORTH,)), (LEO, (NORTH,)), (BOB, ())):
        place = Placement(department="sales/north" if teams else "sales", teams=teams)
        story = story.installed(OnSubject(who, MoveSubject(place)))
    return story


def told_of(told: WhatIf, *, is_gain: bool) -> set[tuple[UUID, str]]:
    return {
        (one.subject_id, its.permission)
        for one in told.changes
        for its in one.differences
        if (its.gained if is_gain else its.lost)
    }


def flips(story: Story, told: WhatIf) -> tuple[set[tuple[UUID, str]], set[tuple[UUID, str]]]:
    """Return who may more, and who may less, of which permission, by what is decided."""
    before, after = allowed(story.book, story.at), allowed(told.after, story.at)
    return {key[:2] for key in after - before}, {key[:2] for key in before - after}


def allowed(book: Book, at: datetime) -> set[Key]:
    world = world_of(book, EVERYBODY)
    return {key for key in questions(at) if decide(world, *_asked(key))[0]}


def questions(at: datetime) -> Iterator[Key]:
    for who in EVERYBODY:
        for permission in PERMISSIONS:
            for when in (at, at + 2 * HOUR, at + 3 * DAY):
                for owner in (who, *EVERYBODY, OTHER):
                    for secret in range(4):
                        yield who, permission, when, owner, secret


def _asked(key: Key) -> tuple[str, str, Record, int, float]:
    who, permission, when, owner, secret = key
    record = Record(permission.partition(":")[0], "r-1", str(owner), secret)
    return str(who), permission, record, moment(when), 0.0
