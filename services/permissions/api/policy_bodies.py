"""What is sent to change the policy piece by piece, and how its pieces are shown."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.permissions.domain.policy.events import Allowance, Otherwise, SodKind
from services.permissions.domain.policy.inheritance import level_of
from services.permissions.domain.policy.state import DataClass, Permission, Policy, Role, SodRule
from services.permissions.domain.policy_file.model import Titled
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.given import Given, Lines

Name = Annotated[str, Field(max_length=100)]
Why = Annotated[
    Lines,
    Field(
        min_length=1,
        max_length=1_000,
        description="Kept in clear text with the change: it says nothing of people.",
    ),
]
Names = Annotated[list[Name], Field(max_length=50)]


class WhyBody(Given):
    """A change that needs no more than a reason, if there is one."""

    reason: Why | None = None


class RoleBody(WhyBody):
    """A role, as it is to be; its permissions and parents are set by themselves."""

    level: int = Field(description="0 to 100; nobody gives a role above the own level.")
    title: Titled


class AllowanceBody(Given):
    """How far a permission reaches; all of it must hold together."""

    scope: Scope
    clearance: Clearance
    condition: dict[str, Any] | None = None

    def allowance(self) -> Allowance:
        """Return it as the policy has it."""
        return Allowance(scope=self.scope, clearance=self.clearance, condition=self.condition)


class AllowancesBody(WhyBody):
    """All that a role has of one permission; an empty list takes it away."""

    allowances: Annotated[list[AllowanceBody], Field(max_length=50)]


class DataClassBody(WhyBody):
    """How secret a field is, and what somebody sees who is not cleared for it."""

    data_class: Clearance
    otherwise: Otherwise = "mask"


class SodRuleBody(WhyBody):
    """Two sides that one person must not hold (static), or use on one record (dynamic)."""

    kind: SodKind
    first: Names
    second: Names


class RoleView(BaseModel):
    """A role. `effective_level` counts what comes with it through its parents, too."""

    name: str
    level: int
    effective_level: int
    title: dict[str, str]
    parents: list[str]
    permissions: dict[str, list[dict[str, Any]]]
    retired: bool


class PermissionView(BaseModel):
    """A permission."""

    name: str
    risk: Risk
    title: dict[str, str]
    retired: bool


class DataClassView(BaseModel):
    """How secret a field is; `*` is the record as a whole. What has no class is restricted."""

    resource_type: str
    field: str
    data_class: Clearance
    otherwise: Otherwise


class SodRuleView(BaseModel):
    """What is kept apart."""

    name: str
    kind: SodKind
    first: list[str]
    second: list[str]


class _Page(BaseModel):
    """Part of a list, in the order of the names; next_page_token is null on the last one."""

    next_page_token: str | None


class RolePage(_Page):
    """A page of roles."""

    items: list[RoleView]


class PermissionPage(_Page):
    """A page of permissions."""

    items: list[PermissionView]


class DataClassPage(_Page):
    """A page of data classes."""

    items: list[DataClassView]


class SodRulePage(_Page):
    """A page of rules."""

    items: list[SodRuleView]


def role_view(policy: Policy, name: str, role: Role) -> dict[str, Any]:
    """Return a role as it is shown."""
    return {
        "name": name,
        "level": role.level,
        "effective_level": level_of(policy, name),
        "title": role.title.model_dump(),
        "parents": list(role.parents),
        "permissions": {
            permission: [one.model_dump(mode="json", exclude_none=True) for one in allowances]
            for permission, allowances in role.allowances.items()
        },
        "retired": role.is_retired,
    }


def permission_view(name: str, its: Permission) -> dict[str, Any]:
    """Return a permission as it is shown."""
    return {
        "name": name, "risk": its.risk, "title": its.title.model_dump(), "retired": its.is_retired,
    }  # fmt: skip


def data_class_view(place: tuple[str, str], its: DataClass) -> dict[str, Any]:
    """Return a data class as it is shown."""
    return {
        "resource_type": place[0], "field": place[1],
        "data_class": its.data_class, "otherwise": its.otherwise,
    }  # fmt: skip


def sod_rule_view(name: str, its: SodRule) -> Mapping[str, Any]:
    """Return a rule as it is shown."""
    return {"name": name, "kind": its.kind, "first": [*its.first], "second": [*its.second]}
