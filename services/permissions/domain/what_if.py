"""What a change would do is told before it is made, also of one that a rule would refuse."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.permissions.domain.book import (
    Asked,
    Asking,
    Book,
    Fact,
    OnSubject,
    SubjectFact,
)
from services.permissions.domain.by_hand import ByHand
from services.permissions.domain.deciding import changed_subjects, decide, step
from services.permissions.domain.rights import Difference, differences, standing_of
from services.permissions.domain.second_person import Danger, dangers
from services.permissions.domain.subject.state import NOBODY
from services.permissions.domain.touching import touched_by
from shared.errors import DaybookError


@dataclass(frozen=True, slots=True)
class SubjectChange:
    """What one subject gains and loses."""

    subject_id: UUID
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What some commands, or a file, would do, whoever asks for them."""

    facts: tuple[Fact, ...]
    changes: tuple[SubjectChange, ...]
    dangers: tuple[Danger, ...]
    """Why two people would have to agree to it."""
    refusal: DaybookError | None
    """Why who asks could not do it; None: they could."""
    after: Book


def what_if(book: Book, asked: Sequence[Asked], asking: Asking) -> WhatIf:
    """Return what the commands would do; nothing is changed, and rules only say what they say.

    Raises:
        InvalidInputError: something that cannot be.
        NotFoundError: something named is not there.
        RuleBrokenError: it cannot be done by anybody.
    """
    after = book.draft()
    by_anybody = replace(asking, is_installation=True)
    facts = tuple(fact for one in asked for fact in step(after, one, by_anybody))
    return WhatIf(
        facts, changes_between(book, after, facts), dangers(after), _refusal(book, asked, asking),
        after,
    )  # fmt: skip


def changes_between(before: Book, after: Book, facts: Sequence[Fact]) -> tuple[SubjectChange, ...]:
    """Return who gains and loses what by these facts, by subject."""
    found = []
    named = {fact.subject_id for fact in facts if isinstance(fact, SubjectFact)}
    touched = touched_by(before.policy, after.policy).permissions
    for subject_id in sorted(changed_subjects(before, after, facts)):
        only = None if subject_id in named else touched
        was = standing_of(before.policy, before.subject(subject_id), only)
        will = standing_of(after.policy, after.subject(subject_id), only)
        its = differences(was, will)
        if its:
            found.append(SubjectChange(subject_id, tuple(its)))
    return tuple(found)


def _refusal(book: Book, asked: Sequence[Asked], asking: Asking) -> DaybookError | None:
    own = ByHand(book, asking.by, asking.at)
    try:
        for one in asked:
            own.require(one, book.subject(one.subject_id) if isinstance(one, OnSubject) else NOBODY)
        decide(book, asked, replace(asking, is_looking=True))
    except DaybookError as error:
        return error
    return None
