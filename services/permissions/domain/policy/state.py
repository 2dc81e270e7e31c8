"""The policy as its events made it: permissions, data classes, roles, and what is kept apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.permissions.domain.policy.events import (
    Allowance,
    AttributeValue,
    Otherwise,
    SodKind,
    Title,
)
from services.permissions.domain.review.schedule import ReviewSchedule
from shared.authorization.scopes import Clearance, Risk


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission."""

    risk: Risk
    title: Title
    is_retired: bool = False


@dataclass(frozen=True, slots=True)
class DataClass:
    """How secret one field is, and what somebody sees who is not cleared for it."""

    data_class: Clearance
    otherwise: Otherwise = "mask"


@dataclass(frozen=True, slots=True)
class Role:
    """One role: what it has by itself, and whose permissions it has besides."""

    level: int
    title: Title
    allowances: Mapping[str, tuple[Allowance, ...]] = field(default_factory=dict)
    """By permission; only those that it has by itself."""
    parents: tuple[str, ...] = ()
    is_retired: bool = False


@dataclass(frozen=True, slots=True)
class SodRule:
    """Two sides that one person must not have, or do, together."""

    kind: SodKind
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's agreement to a change that needs two people, before somebody else makes it."""

    approved_by: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Resource:
    """What the policy says of one record of another program."""

    owner: UUID | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """All of it, folded from its one stream."""

    permissions: Mapping[str, Permission] = field(default_factory=dict)
    data_classes: Mapping[tuple[str, str], DataClass] = field(default_factory=dict)
    """By resource type and field."""
    roles: Mapping[str, Role] = field(default_factory=dict)
    sod_rules: Mapping[str, SodRule] = field(default_factory=dict)
    """Those that hold; a retired one is gone."""
    default_role: str | None = None
    freshness_seconds: Mapping[Risk, float] = field(default_factory=dict)
    review_schedules: Mapping[str, ReviewSchedule] = field(default_factory=dict)
    """By name."""
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    """By the digest of the change."""
    resources: Mapping[tuple[str, str], Resource] = field(default_factory=dict)
    """Records of other programs, by type and id."""


NO_POLICY = Policy()
