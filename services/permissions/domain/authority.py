"""Nobody gives above the own level, nothing to themself, and nothing risky alone."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.permissions.domain.book import Asking, Book
from services.permissions.domain.policy.inheritance import brought, level_of, lineage
from services.permissions.domain.policy.roles import HIGHEST_LEVEL
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.rights import Right, rights_given, standing_of
from services.permissions.domain.subject.state import Subject, Terms
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.errors import NotPermittedError

ADMINISTERING: Final = "grant:give"
"""Whoever has it everywhere and for good is an administrator, and one always stays."""
RULING: Final = frozenset(
    {
        ADMINISTERING, "grant:approve", "grant:revoke", "policy:change", "review:decide",
        "review:start", "role:change", "sod:except", "subject:change", "subject:erase",
        "subject:provision", "team:change",
    }
)  # fmt: skip
"""Whoever has one of these decides about rights, of others or of everybody."""
GIVING: Final = frozenset({ADMINISTERING, "grant:approve", "policy:change"})
"""Whoever has one of these may give, take or change something, up to the own level."""
SECOND_PERSON: Final = "whoever has the permission grant:approve, other than you and the subject"


def level_of_subject(policy: Policy, subject: Subject, at: datetime) -> int:
    """Return the level at which somebody may give: the highest of the roles held now, else 0.

    A role that is held for some records only, under a condition or in an emergency gives no level.
    """
    if not subject.is_active:
        return 0
    return max(
        (
            level_of(policy, terms.role)
            for terms in (g.terms for g in subject.grants.values() if not g.is_break_glass)
            if terms.role is not None and _is_plain(terms) and terms.is_open(at)
        ),
        default=0,
    )


def level_of_terms(book: Book, terms: Terms) -> int:
    """Return the level that it takes to give this; of a draft the higher of before and now.

    Of a role it is the level of all that comes with it. Of a single permission it is the lowest
    level of a role with which it comes as far, and of a denial of one with which it comes at all;
    where no role has it so, the highest there is.
    """
    return max(_level_by(policy, terms) for policy in book.policies)


def level_of_right(policy: Policy, permission: str, right: Right) -> int:
    """Return the lowest level of a role with which this comes as far, else the highest there is."""
    return min(
        (
            level_of(policy, name)
            for name in policy.roles
            if _gives(policy, name, permission, right)
        ),
        default=HIGHEST_LEVEL,
    )


def is_risky(book: Book, terms: Terms) -> bool:
    """Say whether giving this needs a second person, by the book as it is or was before a draft."""
    return terms.effect == "allow" and any(
        is_risky_right(book, permission, right)
        for policy in book.policies
        for permission, right in rights_given(policy, terms)
    )


def is_risky_right(book: Book, permission: str, right: Right) -> bool:
    """Say whether two people must agree that somebody gets this.

    They must where the permission is of high or critical risk, or of normal risk and reaches
    everybody's restricted data. Of a draft the higher risk counts, of before and of now.
    """
    known = (policy.permissions.get(permission) for policy in book.policies)
    risk = max((one.risk for one in known if one is not None), default=Risk.CRITICAL)
    return risk >= Risk.HIGH or (
        risk == Risk.NORMAL and right.scope == Scope.ALL and right.clearance == Clearance.RESTRICTED
    )


def is_administrator(policy: Policy, subject: Subject) -> bool:
    """Say whether the person can give grants, everywhere, however secret, whatever the time."""
    if subject.kind != "person":
        return False
    standing = standing_of(policy, subject, frozenset({ADMINISTERING}))
    if standing.denied.get(ADMINISTERING):
        return False
    classed = policy.data_classes.get((ADMINISTERING.partition(":")[0], "*"))
    secret = Clearance.RESTRICTED if classed is None else classed.data_class
    return any(
        right.clearance >= secret and right == Right(Scope.ALL, right.clearance)
        for right in standing.allowed.get(ADMINISTERING, ())
    )


def refuse_inactive(book: Book, asking: Asking) -> None:
    """Raise NotPermittedError if who asks is not at work any more, though a token still says so."""
    actor = book.acting(asking.by)
    owner = actor.place.owner
    is_at_work = actor.is_active and (owner is None or book.subject(owner).is_active)
    if actor.life is None or is_at_work or asking.is_installation:
        return
    raise NotPermittedError(
        "whoever asks for this left, is suspended, or acts for somebody who is not there",
        code="inactive-subject",
        field="subject_id",
        fix="let somebody do it who is there, or be reinstated first",
        who_can_help="whoever has the permission subject:change",
    )


def refuse_above_own_level(book: Book, asking: Asking, needed: int, field: str) -> None:
    """Raise NotPermittedError if this is above the level of who asks."""
    if asking.is_installation or asking.by_review is not None:
        return
    own = min(
        level_of_subject(one.policy, one.acting(asking.by), asking.at) for one in book.moments
    )
    if needed > own:
        raise NotPermittedError(
            f"this is of level {needed}, and you may give up to level {own}",
            code="above-own-level",
            field=field,
            fix=f"choose something of level {own} or lower, request it, or leave it to others",
            who_can_help=who_reaches(book, needed, asking.at),
        )


def refuse_for_oneself(book: Book, subject_id: UUID, asking: Asking, doing: str) -> None:
    """Raise NotPermittedError if one person is behind whom this is done to and who does it."""
    if book.is_same_person(subject_id, asking.by) and not asking.is_installation:
        raise NotPermittedError(
            f"nobody may {doing} for themself, nor for a service account of their own",
            code="not-for-yourself",
            field="subject_id",
            fix="request it (POST /v1/requests); somebody else decides",
            who_can_help=SECOND_PERSON,
        )


def refuse_alone(book: Book, asking: Asking, terms: Terms) -> None:
    """Raise NotPermittedError if giving this needs a second person."""
    if is_risky(book, terms) and not asking.is_installation:
        raise NotPermittedError(
            "this can do so much harm that two people must agree to it",
            code="needs-second-person",
            field="role" if terms.role else "permission",
            fix="request it (POST /v1/requests); it is given once somebody else approves",
            who_can_help=SECOND_PERSON,
        )


def who_reaches(book: Book, level: int, at: datetime) -> str:
    """Return who could do it: names of roles, never of people."""
    policy = book.policy
    enough = {name for name in policy.roles if level_of(policy, name) >= level}
    giving = {name for name in policy.roles if not GIVING.isdisjoint(brought(policy, name))}
    found: set[str] = set()
    for subject in book.subjects.values():
        roles = {grant.terms.role or "" for grant in subject.grants.values()}
        # Most people are far below, and to work out a level takes far longer than to see that.
        if roles.isdisjoint(enough) or roles & giving <= found:
            continue
        if level_of_subject(policy, subject, at) >= level:
            found |= roles & giving
    able = sorted(found)
    return f"whoever has the role {' or '.join(able[:3])}" if able else "nobody has that level now"


def _level_by(policy: Policy, terms: Terms) -> int:
    if terms.role is not None:
        return level_of(policy, terms.role)
    permission = str(terms.permission)
    if permission not in policy.permissions:
        return 0
    if terms.effect == "deny":
        return level_of_right(policy, permission, Right(Scope.OWN, Clearance.PUBLIC))
    wanted = [right for _, right in rights_given(policy, terms)]
    return level_of_right(policy, permission, wanted[0]) if wanted else HIGHEST_LEVEL


def _is_plain(terms: Terms) -> bool:
    return terms.effect == "allow" and terms.records is None and terms.condition is None


def _gives(policy: Policy, role: str, permission: str, wanted: Right) -> bool:
    return any(
        allowance.condition is None
        and allowance.scope >= wanted.scope
        and allowance.clearance >= wanted.clearance
        for name in lineage(policy, role)
        for allowance in policy.roles[name].allowances.get(permission, ())
    )
