"""Two things that a rule keeps apart are never held by one person at the same time.

Looked at is what comes with every grant, also through other roles, in the window of the grant; a
condition or a list of records makes no difference, because nobody can know that it never holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.permissions.domain.book import Book
from services.permissions.domain.policy.inheritance import allowances_of, lineage
from services.permissions.domain.policy.state import Policy, SodRule
from services.permissions.domain.subject.state import Subject, Terms
from shared.errors import RuleBrokenError

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody holds, at the same time, what a rule keeps apart, and no exception covers it."""

    rule: str
    subject_id: UUID
    first: str
    """What is held of one side: a role or a permission."""
    second: str


class Holdings:
    """What comes with each role; worked out once for one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[str, frozenset[str]] = {}
        self._rules = {
            name: rule for name, rule in policy.sod_rules.items() if rule.kind == "static"
        }

    def conflicts(self, subject_id: UUID, subject: Subject, at: datetime) -> Iterator[Conflict]:
        """Yield each rule that the subject breaks now or will break."""
        if not self._rules:
            return
        held = [
            (terms, self._of(terms))
            for terms in (grant.terms for grant in subject.grants.values())
            if terms.effect == "allow" and not terms.is_over(at)
        ]
        for name, rule in self._rules.items():
            pair = _pair(rule, held, subject.sod_exceptions.get(name))
            if pair is not None:
                yield Conflict(name, subject_id, *pair)

    def _of(self, terms: Terms) -> frozenset[str]:
        """Return every role and permission that a grant brings."""
        if terms.role is None:
            return frozenset({terms.permission or ""})
        known = self._known.get(terms.role)
        if known is None:
            permissions = {name for name, _ in allowances_of(self._policy, terms.role)}
            known = frozenset({*lineage(self._policy, terms.role), *permissions})
            self._known[terms.role] = known
        return known


def refuse_new_conflicts(before: Book, after: Book, changed: set[UUID], at: datetime) -> None:
    """Raise RuleBrokenError if somebody would hold together what a rule keeps apart.

    Args:
        before: the book as it is.
        after: the book as it would be.
        changed: the subjects to look at.
        at: now.
    """
    was, will = Holdings(before.policy), Holdings(after.policy)
    new: list[Conflict] = []
    for subject_id in changed:
        known = {c.rule for c in was.conflicts(subject_id, before.subject(subject_id), at)}
        conflicts = will.conflicts(subject_id, after.subject(subject_id), at)
        new += [conflict for conflict in conflicts if conflict.rule not in known]
    if new:
        raise _refused(new)


def _pair(
    rule: SodRule, held: list[tuple[Terms, frozenset[str]]], exception: datetime | None
) -> tuple[str, str] | None:
    """Return what is held of both sides at the same time, if anything is."""
    for one, brings in held:
        first = brings & set(rule.first)
        if not first:
            continue
        for other, also_brings in held:
            second = also_brings & set(rule.second)
            if second and _meet(one, other, exception):
                return min(first), min(second)
    return None


def _meet(one: Terms, other: Terms, exception: datetime | None) -> bool:
    """Say whether two windows have a moment in common that no exception covers."""
    starts = [terms.starts for terms in (one, other) if terms.starts is not None]
    ends = [terms.until for terms in (one, other) if terms.until is not None]
    if starts and ends and max(starts) >= min(ends):
        return False
    return exception is None or not ends or min(ends) > exception


def _refused(new: list[Conflict]) -> RuleBrokenError:
    first = new[0]
    holders = sorted({str(conflict.subject_id) for conflict in new if conflict.rule == first.rule})
    named = ", ".join(holders[:MOST_NAMED])
    more = f" and {len(holders) - MOST_NAMED} more" if len(holders) > MOST_NAMED else ""
    return RuleBrokenError(
        f"the rule {first.rule} keeps {first.first} and {first.second} apart, and"
        f" {named}{more} would hold both",
        code="separation-of-duties",
        field="role" if ":" not in first.second else "permission",
        fix="revoke one side first, or let an exception be made for them, with an end that no"
        " grant outlasts",
        who_can_help="whoever has the permission sod:except, other than the one concerned",
    )


def exceptions_in_force(subject: Subject, at: datetime) -> Mapping[str, datetime]:
    """Return the exceptions that did not end yet, by rule."""
    return {rule: until for rule, until in subject.sod_exceptions.items() if until > at}
