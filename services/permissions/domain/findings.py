"""Grants that somebody should look at are found by what is known of everybody, and why is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from services.permissions.domain.book import Book
from services.permissions.domain.policy.inheritance import allowances_of
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.review.hints import PeerCounts, target_of
from services.permissions.domain.rights import Right, rights_given
from services.permissions.domain.subject.commands import RevokeGrant
from services.permissions.domain.subject.state import Grant, Subject, Terms
from services.permissions.domain.usage import NOT_KNOWN, UNUSED_AFTER, Uses

Kind = Literal["outside_the_role", "wider_than_peers", "kept_after_a_move", "unused"]
FEWEST_PEERS: Final = 4
"""With fewer others, nobody is an exception."""
RARE_PERCENT: Final = 20
MOST_ROLES_NAMED: Final = 5
_IDS: Final = UUID("6f0c4c1e-3f0f-5d0e-9d5a-0b5a4c7d2e11")


@dataclass(frozen=True, slots=True)
class Finding:
    """One grant that should be looked at; the same id as long as it is found."""

    kind: Kind
    subject_id: UUID
    grant_id: UUID
    terms: Terms
    because: Mapping[str, Any]

    @property
    def finding_id(self) -> UUID:
        """Return its id: it says what was found of which grant."""
        return uuid5(_IDS, f"{self.kind}/{self.subject_id}/{self.grant_id}")

    @property
    def remedy(self) -> RevokeGrant:
        """Return what mends it."""
        return RevokeGrant(self.grant_id, f"finding: {self.kind}")


@dataclass(frozen=True, slots=True)
class Known:
    """What findings are made of besides the book."""

    peers: PeerCounts
    """Those of the book."""
    uses: Uses = NOT_KNOWN
    given_at: Mapping[UUID, datetime] = field(default_factory=dict)
    """When each grant was given."""


def find(book: Book, at: datetime, known: Known) -> list[Finding]:
    """Return everything that is found now, by who has it."""
    givers = _Givers(book.policy)
    return [
        finding
        for subject_id, subject in sorted(book.subjects.items())
        if subject.is_there
        for grant_id, grant in subject.grants.items()
        if _is_looked_at(book.policy, grant, at)
        for finding in (
            *_of(book.policy, subject_id, grant_id, known.peers, givers, subject),
            *_unused(book.policy, subject_id, grant_id, grant.terms, known, at),
        )
    ]


def _is_looked_at(policy: Policy, grant: Grant, at: datetime) -> bool:
    terms = grant.terms
    is_default = policy.default_role is not None and terms == Terms(role=policy.default_role)
    return not (terms.effect == "deny" or terms.is_over(at) or grant.is_break_glass or is_default)


def _of(
    policy: Policy,
    subject_id: UUID,
    grant_id: UUID,
    peers: PeerCounts,
    givers: "_Givers",
    subject: Subject,
) -> Iterator[Finding]:
    grant = subject.grants[grant_id]
    terms = grant.terms
    outside = _outside_role(policy, subject, terms, givers)
    if outside is not None:
        yield Finding("outside_the_role", subject_id, grant_id, terms, outside)
    if grant.is_from_before_move:
        now = {"department": subject.place.department, "teams": len(subject.place.teams)}
        yield Finding("kept_after_a_move", subject_id, grant_id, terms, now)
    like = peers.in_department(subject_id, target_of(terms))
    if subject.kind == "person" and like.others >= FEWEST_PEERS:
        percent = like.percent or 0
        if percent <= RARE_PERCENT:
            told = {"others": like.others, "have_it": like.holders, "percent": percent}
            yield Finding("wider_than_peers", subject_id, grant_id, terms, told)


def _unused(
    policy: Policy, subject_id: UUID, grant_id: UUID, terms: Terms, known: Known, at: datetime
) -> Iterator[Finding]:
    """Yield a grant that gives something, of which nothing was used for ninety days.

    As long as it is there, has been open, and uses have been known.
    """
    since, uses = at - UNUSED_AFTER, known.uses
    given_at = known.given_at.get(grant_id, at)
    is_new = max(given_at, terms.starts or given_at) > since
    if is_new or uses.known_since is None or not uses.are_known_for(UNUSED_AFTER, at):
        return
    given = {name for name, _ in rights_given(policy, terms)}
    last = uses.last_of(subject_id, given)
    if given and (last is None or last < since):
        told = {
            "last_use": None if last is None else last.isoformat(),
            "known_since": uses.known_since.isoformat(),
            "days": UNUSED_AFTER.days,
        }
        yield Finding("unused", subject_id, grant_id, terms, told)


def _outside_role(
    policy: Policy, subject: Subject, terms: Terms, givers: "_Givers"
) -> dict[str, Any] | None:
    """Return why a single permission stands beside the roles; None if it may.

    One that ends by itself is an exception that somebody made on purpose.
    """
    if terms.permission is None:
        return None
    given = [right for _, right in rights_given(policy, terms)]
    covering = [_covering(policy, subject, terms.permission, right) for right in given]
    brings = {"roles_with_it": givers.of(terms.permission)}
    if covering and all(covering):
        return {
            "is_covered_by_a_role": True,
            "covered_by": sorted(set().union(*covering)),
            **brings,
        }
    if terms.until is not None:
        return None
    return {"is_covered_by_a_role": False, **brings}


def _covering(policy: Policy, subject: Subject, permission: str, wanted: Right) -> set[str]:
    """Return which of the holder's own roles give this right anyway."""
    return {
        grant.terms.role
        for grant in subject.grants.values()
        if grant.terms.role is not None and grant.terms.effect == "allow"
        for name, right in rights_given(policy, grant.terms)
        if name == permission and right.covers(wanted)
    }


class _Givers:
    """Which roles bring a permission; worked out once for each."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[str, list[str]] = {}

    def of(self, permission: str) -> list[str]:
        """Return the first few of them, by name."""
        if permission not in self._known:
            self._known[permission] = sorted(
                role
                for role in self._policy.roles
                if any(name == permission for name, _ in allowances_of(self._policy, role))
            )[:MOST_ROLES_NAMED]
        return self._known[permission]
