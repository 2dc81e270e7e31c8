"""A change of the policy that could do much harm is made by two people, who agree to the same.

It is judged by what the whole change does to the policy that was: in small steps, or in another
order, it needs a second person too. What was agreed to is the very file, doing the very same.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.permissions.domain.authority import (
    is_risky,
    is_risky_right,
    level_of_right,
    refuse_above_own_level,
    refuse_alone,
)
from services.permissions.domain.book import (
    Asked,
    Asking,
    Book,
    Fact,
    OnSubject,
    PolicyFact,
    SubjectFact,
)
from services.permissions.domain.by_hand import ByHand
from services.permissions.domain.policy.events import PolicyChangeApproved, PolicyChangeMade
from services.permissions.domain.policy.inheritance import level_of
from services.permissions.domain.policy.state import NO_POLICY, Policy, SodRule
from services.permissions.domain.rights import gained
from services.permissions.domain.subject.evolving import terms_of
from services.permissions.domain.subject.grant_events import GrantExtended, GrantGiven
from services.permissions.domain.subject.state import NOBODY, Terms
from shared.authorization.permissions import Permission
from shared.authorization.policy import LIMITS
from shared.authorization.scopes import Clearance, Risk
from shared.errors import NotPermittedError, RuleBrokenError

APPROVED_FOR: Final = timedelta(days=7)
"""How long somebody's agreement to a change waits for it."""
LONGEST_TOLD: Final = 300
EDITORS: Final = "another person with the permission policy:change, and of that level"


@dataclass(frozen=True, slots=True)
class Danger:
    """One thing in a change to which two people must agree."""

    what: str
    """For people: what happens to which role, permission or rule; of holders only how many."""
    holders: tuple[UUID, ...] = ()
    """Whom it gives something."""


def dangers(after: Book) -> tuple[Danger, ...]:
    """Return what in a draft needs a second person, always in the same order."""
    before = after.before
    if before is None or before.policy is after.policy:
        return ()
    was, now = before.policy, after.policy
    found = [
        *_less_risk(was, now),
        *_less_secret(was, now),
        *_less_apart(was, now),
        *_less_fresh(was, now),
        *_lower(after, was, now),
        *_default(after, was, now),
        *_given_to_holders(after, was),
    ]
    return tuple(sorted(found, key=lambda danger: danger.what))


def settle(
    after: Book, asked: Sequence[Asked], asking: Asking, may_ask: Callable[[Asking], bool]
) -> list[Fact]:
    """Return what is told of the agreement to a draft; nothing where none is needed.

    Args:
        after: the draft.
        asked: the commands that change something in it.
        asking: who asks for them.
        may_ask: says whether the rules let somebody else ask for the same: level, own gain.

    Raises:
        NotPermittedError: two people must agree, and nobody else did to this very change.
    """
    found = () if asking.is_installation else dangers(after)
    if not found or asking.is_looking:
        return []
    known = after.policy.approvals
    change = None if asking.change is None else agreement(asking.change, found)
    approval = known.get(change or "")
    if (
        change is None
        or approval is None
        or approval.until <= asking.at
        or after.is_same_person(approval.approved_by, asking.by)
        or not _still_may(after, asked, approval.approved_by, asking)
        or not may_ask(replace(asking, by=str(approval.approved_by), is_looking=True))
    ):
        raise _refused(found, is_file=change is not None)
    made = PolicyChangeMade(change=change, approved_by=approval.approved_by, reason=asking.reason)
    return [PolicyFact(made)]


def _still_may(after: Book, asked: Sequence[Asked], approver: UUID, asking: Asking) -> bool:
    """Say whether who agreed is there and could do all of it by hand: else it counts no more."""
    before = after.before or after
    own = ByHand(before, str(approver), asking.at)
    return own.may_everywhere(Permission.POLICY_CHANGE) and all(
        own.may(one, after.subject(one.subject_id) if isinstance(one, OnSubject) else NOBODY)
        for one in asked
    )


def approve(after: Book, asking: Asking) -> list[Fact]:
    """Return the agreement of who asks to a draft (asked for by a file) that somebody else makes.

    Raises:
        RuleBrokenError: nobody has to agree to it.
    """
    found = dangers(after)
    if not found or asking.change is None:
        raise RuleBrokenError(
            "nobody has to agree to this change",
            code="nothing-to-approve",
            field="file",
            fix="apply it; whoever may change the policy may do so alone",
            who_can_help="whoever has the permission policy:change",
        )
    approved = PolicyChangeApproved(
        change=agreement(asking.change, found),
        approved_by=after.person(asking.by) or UUID(asking.by),
        until=asking.at + APPROVED_FOR,
        reason=asking.reason,
    )
    return [PolicyFact(approved)]


def agreement(change: str, found: Sequence[Danger]) -> str:
    """Return what is agreed to: the digest of a file and of what is dangerous in it, to whom."""
    told = [f"{one.what} {' '.join(map(str, sorted(one.holders)))}" for one in found]
    return sha256("\n".join([change, *told]).encode()).hexdigest()


def refuse_given_alone(after: Book, facts: Sequence[Fact], asking: Asking) -> None:
    """Refuse grants that are risky by the book after all of it, and that nobody agreed to."""
    for fact in facts:
        if not isinstance(fact, SubjectFact):
            continue
        event = fact.event
        if isinstance(event, GrantExtended):
            grant = after.subject(fact.subject_id).grants.get(event.grant_id)
            if grant is not None:
                refuse_alone(after, asking, grant.terms)
        elif isinstance(event, GrantGiven) and not (event.approved_by or event.is_break_glass):
            terms = terms_of(event)
            if terms != Terms(role=after.policy.default_role):
                refuse_alone(after, asking, terms)


def refuse_gains_above_own_level(after: Book, asking: Asking) -> None:
    """Refuse to put into a role what only roles above the own level had before.

    Nor is less withheld from whom a role above the own level is denied: that takes the level of
    the role, as to revoke the denial does.
    """
    before = after.before
    if before is None or before.policy is after.policy:
        return
    was = before.policy
    for name in after.policy.roles:
        for permission, right in gained(was, after.policy, Terms(role=name)):
            if permission in was.permissions:
                needed = level_of_right(was, permission, right)
                refuse_above_own_level(after, asking, needed, "permission")
    for name in _denied_roles(after):
        if _is_withheld_less(was, after.policy, name):
            refuse_above_own_level(after, asking, level_of(was, name), "permission")


def _denied_roles(after: Book) -> set[str]:
    """Return the roles that were denied before the draft to somebody who is there after it."""
    return {
        grant.terms.role
        for subject_id, subject in (after.before or after).subjects.items()
        if after.subject(subject_id).is_there
        for grant in subject.grants.values()
        if grant.terms.effect == "deny" and grant.terms.role is not None
    }


def _is_withheld_less(was: Policy, now: Policy, role: str) -> bool:
    """Say whether a denial of the role withheld something that is not withheld any more."""
    freed = gained(now, was, Terms(role=role, effect="deny"))
    return any(not now.permissions[permission].is_retired for permission, _ in freed)


def _less_risk(was: Policy, now: Policy) -> Iterator[Danger]:
    for name, known in was.permissions.items():
        risk = now.permissions[name].risk
        if risk < known.risk:
            yield Danger(f"the risk of {name} falls from {known.risk} to {risk}")


def _less_secret(was: Policy, now: Policy) -> Iterator[Danger]:
    # What has no class is restricted; of a type that nobody could do anything with, all is new.
    types = {name.partition(":")[0] for name in was.permissions}
    for place in sorted({*was.data_classes, *now.data_classes}):
        former, its = (p.data_classes.get(place) for p in (was, now))
        before = Clearance.RESTRICTED if former is None else former.data_class
        after = Clearance.RESTRICTED if its is None else its.data_class
        if after < before and place[0] in types:
            yield Danger(f"{place[0]}.{place[1]} is {after} instead of {before}")


def _less_apart(was: Policy, now: Policy) -> Iterator[Danger]:
    for name, rule in was.sod_rules.items():
        other = now.sod_rules.get(name)
        if other is None or not _keeps_apart(other, rule):
            yield Danger(f"the rule {name} keeps less apart, or nothing")


def _keeps_apart(rule: SodRule, other: SodRule) -> bool:
    return (
        rule.kind == other.kind
        and set(rule.first) >= set(other.first)
        and set(rule.second) >= set(other.second)
    )


def _less_fresh(was: Policy, now: Policy) -> Iterator[Danger]:
    for risk in (Risk.NORMAL, Risk.HIGH, Risk.CRITICAL):
        former, seconds = (p.freshness_seconds.get(risk, LIMITS[risk]) for p in (was, now))
        if seconds > former:
            yield Danger(f"{risk} permissions are decided from copies {seconds:g} seconds old")


def _lower(after: Book, was: Policy, now: Policy) -> Iterator[Danger]:
    for name in was.roles:
        lower, former = level_of(now, name), level_of(was, name)
        if lower < former and not now.roles[name].is_retired and is_risky(after, Terms(role=name)):
            yield Danger(f"the role {name} is of level {lower} instead of {former}")


def _default(after: Book, was: Policy, now: Policy) -> Iterator[Danger]:
    role = now.default_role
    if role is None:
        return
    former = was if role == was.default_role else NO_POLICY
    if reaches := _risky(after, former, Terms(role=role)):
        yield Danger(f"whoever joins gets {reaches}")


def _given_to_holders(after: Book, was: Policy) -> Iterator[Danger]:
    for terms, holders in _held(after).items():
        if reaches := _risky(after, was, terms):
            what = f"whoever has {terms.role or terms.permission} ({len(holders)}) gets {reaches}"
            yield Danger(what, tuple(sorted(holders)))


def _held(after: Book) -> dict[Terms, set[UUID]]:
    """Return who held what before the draft, and is there after it; without windows and caps."""
    held: dict[Terms, set[UUID]] = defaultdict(set)
    for subject_id, subject in (after.before or after).subjects.items():
        if after.subject(subject_id).is_there:
            for grant in subject.grants.values():
                if grant.terms.effect == "allow":
                    plain = Terms(grant.terms.role, grant.terms.permission)
                    held[plain].add(subject_id)
    return held


def _risky(after: Book, was: Policy, terms: Terms) -> str:
    """Return what of risk a role or permission brings that it did not, and how far."""
    reaches = {
        f"{permission} {right.scope}/{right.clearance}"
        for permission, right in gained(was, after.policy, terms)
        if is_risky_right(after, permission, right)
    }
    return ", ".join(sorted(reaches))


def _refused(found: Sequence[Danger], *, is_file: bool) -> NotPermittedError:
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return NotPermittedError(
        f"two people must agree to this change: {found[0].what[:LONGEST_TOLD]}{more}",
        code="needs-second-person",
        field="policy",
        fix=("" if is_file else "write this change as a policy file; ")
        + "let somebody else agree to this very file with `daybook permissions agree FILE`"
        " (POST /v1/policy/approvals), then apply it",
        who_can_help=EDITORS,
    )
