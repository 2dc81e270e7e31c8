"""What is told of people is sealed with their keys; taking something away waits for no key.

While the key database does not answer, a revocation, a refusal, a suspension and a leave are stored
without their reason, and somebody who leaves or is suspended is not described anew by it.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from uuid6 import uuid7

from services.permissions.application.policy_book import PolicyBook, nameless
from services.permissions.domain.book import Fact, ReviewFact, SubjectFact
from services.permissions.domain.review.events import ItemDecided, ItemDelegated
from services.permissions.domain.subject.events import (
    SubjectDescribed,
    SubjectJoined,
    SubjectLeft,
    SubjectSuspended,
)
from services.permissions.domain.subject.grant_events import (
    GrantReduced,
    GrantRefused,
    GrantRevoked,
)
from services.permissions.storage.codec import CODEC
from shared.errors import RuleBrokenError, UnavailableError
from shared.events import EventToAppend
from shared.security.subject_keys import KeyPool, SubjectKey, SubjectKeys

ENDS: Final = (SubjectLeft, SubjectSuspended)
TAKES: Final = (*ENDS, GrantReduced, GrantRevoked, GrantRefused)
Keys = Mapping[UUID, SubjectKey]

log = logging.getLogger(__name__)


class Sealing:
    """Finds the keys that facts are sealed with; safe to share between tasks."""

    def __init__(self, keys: SubjectKeys, book: PolicyBook) -> None:
        self._keys = keys
        self._pool = KeyPool(keys)
        self._book = book

    async def ready(
        self, facts: Sequence[Fact], *, is_nameless: bool
    ) -> tuple[Sequence[Fact], Keys]:
        """Return the facts that can be told, and the keys that it takes.

        Args:
            facts: what was decided.
            is_nameless: whether it was decided without knowing everybody's name.

        Raises:
            UnavailableError: the key database does not answer, and more is told than what is taken.
        """
        try:
            if is_nameless:
                raise nameless()
            keys = await self._keys_for(facts)
        except UnavailableError:
            told = _of_what_is_taken(facts)
            if any(_needs_key(fact) for fact in told):
                raise
            if len(told) < len(facts) or any(_needs_key(fact) for fact in facts):
                log.warning("stored without reasons: the key database does not answer")
            return told, {}
        return [fact if _about(fact) in keys else _silent(fact) for fact in facts], keys

    async def _keys_for(self, facts: Iterable[Fact]) -> Keys:
        """Return the key of each subject of whom something is told; a new one gets a new key."""
        about = (_about(fact) for fact in facts if _needs_key(fact))
        subjects = {one for one in about if one is not None}
        kids = {one: kid for one in subjects if (kid := self._book.kid_of(one))}
        ciphers = await self._keys.find(kids.values())
        keys: dict[UUID, SubjectKey] = {}
        for one in subjects:
            if one not in kids:
                keys[one] = await self._pool.take()
            elif (cipher := ciphers.get(kids[one])) is not None:
                commitment = self._book.commitment_of(one)
                keys[one] = SubjectKey(kids[one], b"", cipher, commitment)
        return keys


def encoded(fact: Fact, keys: Keys) -> EventToAppend:
    """Return a fact as it is stored.

    Raises:
        RuleBrokenError: it tells something of somebody whose key is destroyed.
    """
    about = _about(fact)
    event, key = fact.event, None if about is None else keys.get(about)
    if key is None and getattr(event, "personal", None) is not None:
        raise RuleBrokenError(
            "the key of this subject is destroyed: nothing personal can be said of it any more",
            code="subject-erased",
            fix="let the person join with a new id",
            who_can_help="data protection",
        )
    if isinstance(event, SubjectJoined) and key is not None:
        event = event.model_copy(update={"key_commitment": key.commitment})
    return CODEC.encode(event, uuid7(), key)


def _needs_key(fact: Fact) -> bool:
    is_personal = getattr(fact.event, "personal", None) is not None
    return is_personal or isinstance(fact.event, SubjectJoined)


def _of_what_is_taken(facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts without reasons, and without new words for whoever ends by them."""
    ended = {
        f.subject_id for f in facts if isinstance(f, SubjectFact) and isinstance(f.event, ENDS)
    }
    return [
        _silent(fact)
        for fact in facts
        if not (isinstance(fact.event, SubjectDescribed) and _about(fact) in ended)
    ]


def _silent(fact: Fact) -> Fact:
    """Return the fact without its reason, if it takes something away."""
    if isinstance(fact, SubjectFact) and isinstance(fact.event, TAKES):
        return replace(fact, event=fact.event.model_copy(update={"personal": None}))
    return fact


def _about(fact: Fact) -> UUID | None:
    """Return with whose key the personal fields of a fact are sealed; None if it has none."""
    match fact:
        case SubjectFact(subject_id=subject_id):
            return subject_id
        case ReviewFact(event=ItemDecided(subject=subject) | ItemDelegated(subject=subject)):
            return subject
        case _:
            return None
