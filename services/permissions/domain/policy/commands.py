"""What may be asked of the policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class DefinePermission:
    """Let there be this permission, with this risk and title."""

    permission: str
    risk: Risk
    title: Title


@dataclass(frozen=True, slots=True)
class RetirePermission:
    """Let nobody have it any more."""

    permission: str


@dataclass(frozen=True, slots=True)
class SetDataClass:
    """Say how secret a field is; * is the record as a whole."""

    resource_type: str
    field: str
    data_class: Clearance
    otherwise: Otherwise = "mask"


@dataclass(frozen=True, slots=True)
class RemoveDataClass:
    """Let the field be unclassified, which counts as restricted."""

    resource_type: str
    field: str


@dataclass(frozen=True, slots=True)
class DefineRole:
    """Let there be this role, at this level; one that is retired comes back."""

    role: str
    level: int
    title: Title


@dataclass(frozen=True, slots=True)
class RetireRole:
    """Let the role give nobody anything any more."""

    role: str


@dataclass(frozen=True, slots=True)
class SetRolePermission:
    """Let the role have the permission exactly so; no allowance: not at all."""

    role: str
    permission: str
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True, slots=True)
class AddRoleParent:
    """Let the role have what the other one has."""

    role: str
    parent: str


@dataclass(frozen=True, slots=True)
class RemoveRoleParent:
    """Let the role no longer have what the other one has."""

    role: str
    parent: str


@dataclass(frozen=True, slots=True)
class DefineSodRule:
    """Keep two things apart."""

    rule: str
    kind: SodKind
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetireSodRule:
    """Keep them apart no longer."""

    rule: str


@dataclass(frozen=True, slots=True)
class ChooseDefaultRole:
    """Say what everybody gets who joins; None: nothing."""

    role: str | None


@dataclass(frozen=True, slots=True)
class SetFreshnessLimit:
    """Say how old a copy of the policy may be that decides on permissions of this risk."""

    risk: Risk
    seconds: float


@dataclass(frozen=True, slots=True)
class DeclareResource:
    """Name a record of another program, so that searches find it."""

    resource_type: str
    resource_id: str
    owner: UUID | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WithdrawResource:
    """Name it no longer."""

    resource_type: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class SetReviewSchedule:
    """Let reviews open by themselves like this."""

    schedule: str
    its: ReviewSchedule


@dataclass(frozen=True, slots=True)
class RemoveReviewSchedule:
    """Let no more reviews open by this schedule."""

    schedule: str


CatalogueCommand = DefinePermission | RetirePermission
DataClassCommand = SetDataClass | RemoveDataClass
RoleCommand = DefineRole | RetireRole | SetRolePermission | AddRoleParent | RemoveRoleParent
SodCommand = DefineSodRule | RetireSodRule
SettingCommand = ChooseDefaultRole | SetFreshnessLimit
ResourceCommand = DeclareResource | WithdrawResource
ScheduleCommand = SetReviewSchedule | RemoveReviewSchedule
PolicyCommand = (
    CatalogueCommand
    | DataClassCommand
    | RoleCommand
    | SodCommand
    | SettingCommand
    | ResourceCommand
    | ScheduleCommand
)
