"""A grant is looked at by somebody who gains nothing by it: neither holder nor owner."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.permissions.domain.book import Book
from services.permissions.domain.policy.inheritance import allowances_of
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.review.events import ReviewerIs
from services.permissions.domain.subject.state import Grant, Subject, Terms
from shared.authorization.scopes import Scope

DECIDING: Final = "review:decide"
STARTING: Final = "review:start"
MOST_TAKERS: Final = 3


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who is to decide on an item, and why this person."""

    subject_id: UUID | None
    is_the: ReviewerIs | None


NO_REVIEWER: Final = Reviewer(None, None)


class Reviewers:
    """Finds reviewers in one book at one moment; keeps what it worked out about roles."""

    def __init__(self, book: Book, at: datetime) -> None:
        self._book = book
        self._at = at
        self._reach: dict[tuple[str, str], Scope | None] = {}
        self._directors: list[UUID] | None = None
        self._able: list[UUID] | None = None

    def of(self, subject_id: UUID, grant: Grant | None, besides: UUID | None = None) -> Reviewer:
        """Return who is to look at a grant: manager, else who approved it, else an administrator.

        Args:
            subject_id: whose grant it is.
            grant: which; None if nothing is known of it any more.
            besides: somebody who had the chance and did not decide.
        """
        behind = self.behind(subject_id)
        managers = (self._book.subject(one).place.manager for one in behind)
        for manager in managers:
            if self._is_able(manager, behind, besides):
                return Reviewer(manager, "manager")
        for approver in () if grant is None else grant.approved_by:
            if self._is_able(approver, behind, besides):
                return Reviewer(approver, "approver")
        return self.director(behind, besides)

    def above(self, reviewer: UUID | None, subject_id: UUID) -> Reviewer:
        """Return who decides for a silent reviewer: that one's manager, or an administrator."""
        behind = self.behind(subject_id)
        manager = None if reviewer is None else self._book.subject(reviewer).place.manager
        if self._is_able(manager, behind, reviewer):
            return Reviewer(manager, "manager")
        return self.director(behind, reviewer)

    def director(self, behind: tuple[UUID, ...], besides: UUID | None) -> Reviewer:
        """Return an administrator of reviews who is none of these; the same one every time."""
        if self._directors is None:
            self._directors = sorted(self._all_directors())
        for one in self._directors:
            if one != besides and one not in behind:
                return Reviewer(one, "administrator")
        return NO_REVIEWER

    def takers(self, subject_id: UUID) -> list[UUID]:
        """Return whom an item of this subject's that nobody is to decide on can be delegated to.

        At most three, those who decide for the most people first; none: nobody may.
        """
        behind = self.behind(subject_id)
        if self._able is None:
            found = (
                (reach.rank, one)
                for one, subject in self._book.subjects.items()
                if subject.kind == "person" and (reach := self._reaches(one, DECIDING)) is not None
            )
            self._able = [one for _, one in sorted(found, key=lambda its: (-its[0], its[1]))]
        return [one for one in self._able if one not in behind][:MOST_TAKERS]

    def may(self, subject_id: UUID | None, permission: str) -> bool:
        """Say whether somebody is there, active, and has this permission now."""
        return self._reaches(subject_id, permission) is not None

    def behind(self, subject_id: UUID) -> tuple[UUID, ...]:
        """Return who gains by what this subject may do: itself, and the owner of an account."""
        owner = self._book.subject(subject_id).place.owner
        return (subject_id,) if owner is None else (subject_id, owner)

    def _is_able(self, one: UUID | None, behind: tuple[UUID, ...], besides: UUID | None) -> bool:
        return one not in behind and one != besides and self.may(one, DECIDING)

    def _all_directors(self) -> Iterator[UUID]:
        for one, subject in self._book.subjects.items():
            if (
                subject.kind == "person"
                and self._reaches(one, DECIDING) is Scope.ALL
                and self._reaches(one, STARTING) is Scope.ALL
            ):
                yield one

    def _reaches(self, one: UUID | None, permission: str) -> Scope | None:
        subject = None if one is None else self._book.subject(one)
        if subject is None or not subject.is_active:
            return None
        return reach_of(self._book.policy, subject, permission, self._at, self._reach)


def reach_of(
    policy: Policy,
    subject: Subject,
    permission: str,
    at: datetime,
    known: dict[tuple[str, str], Scope | None],
) -> Scope | None:
    """Return how far somebody has a permission now and without a condition; None: not at all."""
    reaches: list[Scope] = []
    for terms in (grant.terms for grant in subject.grants.values()):
        reach = _reach(policy, terms, permission, known) if terms.is_open(at) else None
        if reach is None:
            continue
        if terms.effect == "deny":
            return None
        if terms.condition is None and terms.records is None:
            reaches.append(min(reach, terms.scope or Scope.ALL))
    return max(reaches, default=None)


def _reach(
    policy: Policy, terms: Terms, permission: str, known: dict[tuple[str, str], Scope | None]
) -> Scope | None:
    if terms.role is None:
        return Scope.ALL if terms.permission == permission else None
    key = (terms.role, permission)
    if key not in known:
        known[key] = max(
            (
                allowance.scope
                for name, allowance in allowances_of(policy, terms.role)
                if name == permission and allowance.condition is None
            ),
            default=None,
        )
    return known[key]
