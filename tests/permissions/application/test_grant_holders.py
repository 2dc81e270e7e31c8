"""Whose a grant is, is told as the log goes on, just as if all of it were looked through."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

from services.permissions.application.grant_holders import GrantHolders
from services.permissions.domain.subject.state import NOBODY, Subject

SEED = 20261123


def test_each_grant_and_request_is_of_whom_it_is_now_whatever_happened_before() -> None:
    random = Random(SEED)  # noqa: S311 - a test repeats itself
    people, held = [UUID(int=n) for n in range(1, 5)], GrantHolders()
    now: dict[UUID, Subject] = dict.fromkeys(people, NOBODY)
    for number in range(400):
        person = random.choice(people)
        after = changed(now[person], UUID(int=1_000 + number), random)
        held.follow(person, now[person], after)
        now[person] = after
        assert held.holders == {
            one: person for person, its in now.items() for one in (*its.grants, *its.requests)
        }, (SEED, number)
    assert held.holders


def changed(subject: Subject, new: UUID, random: Random) -> Subject:
    """Return the subject after it was given, asked for, was allowed or lost something."""
    its: Any = object()
    asked, given = sorted(subject.requests), sorted(subject.grants)
    match random.randrange(5):
        case 0:
            return replace(subject, grants={**subject.grants, new: its})
        case 1:
            return replace(subject, requests={**subject.requests, new: its})
        case 2 if asked:
            one = random.choice(asked)
            left = without(subject.requests, one)
            return replace(subject, grants={**subject.grants, one: its}, requests=left)
        case 3 if asked:
            return replace(subject, requests=without(subject.requests, random.choice(asked)))
        case 4 if given:
            return replace(subject, grants=without(subject.grants, random.choice(given)))
    return subject


def without(its: Mapping[UUID, Any], one: UUID) -> dict[UUID, Any]:
    """Return what is left."""
    return {key: value for key, value in its.items() if key != one}
