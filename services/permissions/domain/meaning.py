"""What the book means is what every process decides by it: the same world, made of the book."""

from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from services.permissions.domain.book import Book
from services.permissions.domain.policy.events import Allowance, ConditionDocument
from services.permissions.domain.policy.state import Policy, Role
from services.permissions.domain.subject.state import Subject, Terms
from shared.authorization import policy as shared_policy
from shared.authorization import state
from shared.authorization.conditions import Condition, parse_condition
from shared.authorization.reading import moment, same
from shared.authorization.world import World


def world_of(book: Book, subjects: Iterable[UUID]) -> World:
    """Return the world with these subjects in it, and whoever answers for them."""
    named = {one for subject in subjects for one in (subject, book.behind(subject))}
    known = {str(one): subject_of(book.subjects[one]) for one in named if one in book.subjects}
    return World(policy_of(book.policy), known)


def policy_of(policy: Policy) -> shared_policy.Policy:
    """Return the policy as decisions have it; the same object as long as it is the same policy."""
    return _policy_of(_ByIdentity(policy))


def subject_of(subject: Subject) -> state.Subject:
    """Return a subject as decisions have it."""
    place = subject.place
    return state.Subject(
        kind=subject.kind or "person",
        owner=None if place.owner is None else str(place.owner),
        manager=None if place.manager is None else str(place.manager),
        department=place.department,
        teams=frozenset(map(str, place.teams)),
        attributes=subject.attributes,
        state=subject.life or "left",
        is_trusted=subject.is_trusted_caller,
        grants=tuple(grant_of(str(one), its.terms) for one, its in subject.grants.items()),
        exceptions={rule: moment(until) for rule, until in subject.sod_exceptions.items()},
    )


def grant_of(grant_id: str, terms: Terms) -> state.Grant:
    """Return a grant as decisions have it."""
    target = terms.role if terms.role is not None else terms.permission
    shape = state.Shape(
        terms.role is not None,
        terms.effect == "deny",
        None if terms.scope is None else terms.scope.rank,
        None if terms.clearance is None else terms.clearance.rank,
        None if terms.records is None else frozenset(terms.records),
        state.ALWAYS if terms.starts is None else moment(terms.starts),
        state.FOREVER if terms.until is None else moment(terms.until),
        _condition(terms.condition),
    )
    return state.Grant(grant_id, target or "", same(shape))


class _ByIdentity:
    """A policy as a key: it is never altered, and comparing it with another takes long."""

    __slots__ = ("policy",)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.policy is self.policy

    def __hash__(self) -> int:
        return id(self.policy)


@lru_cache(maxsize=4)
def _policy_of(key: _ByIdentity) -> shared_policy.Policy:
    policy = key.policy
    classes: dict[str, dict[str, state.FieldClass]] = {}
    for (kind, field), its in policy.data_classes.items():
        classed = state.FieldClass(its.data_class.rank, its.otherwise)
        classes.setdefault(kind, {})[field] = classed
    return shared_policy.Policy(
        permissions={
            name: state.PermissionFacts(its.risk.value, its.title.model_dump())
            for name, its in policy.permissions.items()
            if not its.is_retired
        },
        roles={name: _role(role) for name, role in policy.roles.items()},
        classes=classes,
        rules={
            name: state.Rule(rule.kind, rule.first, rule.second)
            for name, rule in policy.sod_rules.items()
        },
        freshness={risk.value: seconds for risk, seconds in policy.freshness_seconds.items()},
        default_role=policy.default_role,
    )


def _role(role: Role) -> state.Role:
    return state.Role(
        role.level,
        role.title.model_dump(),
        {name: tuple(map(_allowance, its)) for name, its in role.allowances.items()},
        frozenset(role.parents),
        role.is_retired,
    )


def _allowance(allowance: Allowance) -> state.RoleAllowance:
    return state.RoleAllowance(
        allowance.scope.rank, allowance.clearance.rank, _condition(allowance.condition)
    )


def _condition(document: ConditionDocument | None) -> Condition | None:
    return None if document is None else parse_condition(document)
