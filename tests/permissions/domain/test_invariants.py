"""Whatever is asked by whomever in whatever order, what must always hold holds after it."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.permissions.domain.authority import level_of_subject
from services.permissions.domain.book import SubjectFact
from services.permissions.domain.deciding import has_administrator
from services.permissions.domain.policy.inheritance import level_of, lineage
from services.permissions.domain.rights import NOTHING, differences, standing_of
from services.permissions.domain.separation import Holdings
from services.permissions.domain.subject.grant_events import GrantGiven
from tests.permissions.domain.chance import Chance, an_office
from tests.permissions.domain.stories import (
    DAY,
    HOUR,
    Story,
)

STEPS = 400


@pytest.mark.parametrize("seed", range(5))
def test_the_invariants_hold_after_every_command(seed: int) -> None:
    chance, story, done = Chance(seed), an_office(), 0
    for _ in range(STEPS):
        story = story.asked_by(chance.who()).later(chance.dice.choice([timedelta(), HOUR, DAY]))
        outcome = story.when(chance.asked(story))
        if outcome.refusal is not None:
            assert outcome.refusal.fix
            continue
        done += bool(outcome.facts)
        after = outcome.then_done()
        refuse_what_must_not_be(story, after)
        for fact in outcome.facts:
            if isinstance(fact, SubjectFact) and isinstance(fact.event, GrantGiven):
                refuse_wrong_gift(story, fact.subject_id, fact.event)
        story = after
    assert done > STEPS / 20


def refuse_what_must_not_be(before: Story, after: Story) -> None:
    book = after.book
    assert has_administrator(book)
    for name in book.policy.roles:
        assert len(lineage(book.policy, name)) <= len(book.policy.roles)
    holdings = Holdings(book.policy)
    for subject_id, subject in book.subjects.items():
        assert not list(holdings.conflicts(subject_id, subject, after.at))
        if subject.life != "active":
            assert standing_of(book.policy, subject) == NOTHING
    me = UUID(after.by)
    own = differences(
        standing_of(before.book.policy, before.subject(me)),
        standing_of(book.policy, book.subject(me)),
    )
    # Whoever left and is not there any more can still be let join again, also by an own token.
    was_there = before.subject(me).is_there
    assert not [one for one in own if one.gained and was_there]


def refuse_wrong_gift(story: Story, subject_id: UUID, given: GrantGiven) -> None:
    if given.role == story.book.policy.default_role and not given.approved_by:
        return
    policy_now = story.book.policy
    level = level_of_subject(policy_now, story.book.acting(story.by), story.at)
    assert str(subject_id) != story.by
    assert given.role is None or level_of(policy_now, given.role) <= level
    reaches = lineage(policy_now, given.role) if given.role else ()
    brings = {p for name in reaches for p in policy_now.roles[name].allowances} | {given.permission}
    if brings & {"customer:export", "grant:give"} and given.effect == "allow":
        assert given.approved_by == (UUID(story.by),)
