"""Hints for whoever decides: how many others have the same, and when it was last used."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.permissions.domain.book import Book
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.rights import rights_given
from services.permissions.domain.subject.state import Subject, Terms
from services.permissions.domain.usage import Uses

Target = tuple[str | None, str | None]
"""The role or the permission of a grant."""


@dataclass(frozen=True, slots=True)
class Peers:
    """How many others are like somebody, and how many of them have the same."""

    others: int
    holders: int

    @property
    def percent(self) -> int | None:
        """The share of the others who have it, rounded; None if there are no others."""
        return round(100 * self.holders / self.others) if self.others else None


def target_of(terms: Terms) -> Target:
    """Return what a grant is about."""
    return terms.role, terms.permission


def last_use(policy: Policy, uses: Uses, subject_id: UUID, terms: Terms) -> datetime | None:
    """Return when anything was last used that a grant of these terms gives."""
    return uses.last_of(subject_id, {name for name, _ in rights_given(policy, terms)})


class PeerCounts:
    """Who has what, counted once over everybody who is active; denials do not count."""

    def __init__(self, book: Book) -> None:
        self._in_department: Counter[str] = Counter()
        self._with_role: Counter[str] = Counter()
        self._had_in_department: Counter[tuple[str, Target]] = Counter()
        self._had_with_role: Counter[tuple[str, Target]] = Counter()
        for subject in book.subjects.values():
            if subject.is_active:
                self._count(subject)
        self._book = book

    def in_department(self, subject_id: UUID, target: Target) -> Peers:
        """Return the others of the same department; nobody, where there is no department."""
        subject = self._book.subject(subject_id)
        department = subject.place.department
        if department is None:
            return Peers(0, 0)
        return self._others(
            subject, target, self._in_department[department],
            self._had_in_department[department, target],
        )  # fmt: skip

    def with_role(self, subject_id: UUID, role: str, target: Target) -> Peers:
        """Return the others who have a role that somebody has too."""
        subject = self._book.subject(subject_id)
        return self._others(
            subject, target, self._with_role[role], self._had_with_role[role, target]
        )

    def _others(self, subject: Subject, target: Target, there: int, having: int) -> Peers:
        itself = subject.is_active
        return Peers(there - itself, having - (itself and target in set(_held(subject))))

    def _count(self, subject: Subject) -> None:
        held = set(_held(subject))
        department = subject.place.department
        if department is not None:
            self._in_department[department] += 1
            self._had_in_department.update((department, target) for target in held)
        for role in {role for role, _ in held if role is not None}:
            self._with_role[role] += 1
            self._had_with_role.update((role, target) for target in held)


def _held(subject: Subject) -> Iterator[Target]:
    return (
        target_of(grant.terms) for grant in subject.grants.values() if grant.terms.effect == "allow"
    )
