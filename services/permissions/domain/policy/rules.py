"""The policy: what may be asked of it, and what each fact does to it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, assert_never, get_args

from services.permissions.domain.policy.commands import (
    CatalogueCommand,
    ChooseDefaultRole,
    DataClassCommand,
    DeclareResource,
    DefinePermission,
    DefineSodRule,
    PolicyCommand,
    RemoveDataClass,
    RemoveReviewSchedule,
    RetirePermission,
    RetireSodRule,
    SetDataClass,
    SetFreshnessLimit,
    SetReviewSchedule,
    SettingCommand,
    WithdrawResource,
)
from services.permissions.domain.policy.events import (
    AdministratorRemoved,
    ApprovalEvent,
    DataClassEvent,
    DataClassRemoved,
    DataClassSet,
    DefaultRoleChosen,
    FreshnessLimitSet,
    PermissionDefined,
    PermissionEvent,
    PermissionRetired,
    PolicyChangeApproved,
    PolicyChangeMade,
    PolicyEvent,
    ResourceEvent,
    RoleEvent,
    ScheduleEvent,
    SettingEvent,
    SodEvent,
)
from services.permissions.domain.policy.known import (
    PERMISSION,
    known_permission,
    must_be_name,
    refuse_enforced,
    role_in_force,
)
from services.permissions.domain.policy.resources import decide_resource, evolve_resource
from services.permissions.domain.policy.roles import decide_role, evolve_role
from services.permissions.domain.policy.schedules import decide_schedule, evolve_schedule
from services.permissions.domain.policy.sod import decide_sod, evolve_sod
from services.permissions.domain.policy.state import (
    Approval,
    DataClass,
    Permission,
    Policy,
)
from shared.errors import InvalidInputError

SHORTEST_LIMIT_SECONDS: Final = 1.0
"""Four heartbeats: with less, every late one would deny."""
LONGEST_LIMIT_SECONDS: Final = 86_400.0


def decide_policy(
    policy: Policy, command: PolicyCommand, reason: str | None = None
) -> list[PolicyEvent]:
    """Return the events that the command causes; none when it changes nothing.

    Args:
        policy: as it is.
        command: what is asked for.
        reason: why; it is stored in clear text with each event.

    Raises:
        InvalidInputError: something that cannot be.
        NotFoundError: it names what is not there.
        RuleBrokenError: the policy forbids it.
    """
    match command:
        case DefinePermission() | RetirePermission():
            return [*_decide_permission(policy, command, reason)]
        case SetDataClass() | RemoveDataClass():
            return [*_decide_data_class(policy, command, reason)]
        case DefineSodRule() | RetireSodRule():
            return [*decide_sod(policy, command, reason)]
        case ChooseDefaultRole() | SetFreshnessLimit():
            return [*_decide_setting(policy, command, reason)]
        case DeclareResource() | WithdrawResource():
            return [*decide_resource(policy, command, reason)]
        case SetReviewSchedule() | RemoveReviewSchedule():
            return [*decide_schedule(policy, command, reason)]
        case _:
            return [*decide_role(policy, command, reason)]


def evolve_policy(policy: Policy, event: PolicyEvent) -> Policy:
    """Return the policy after one more event."""
    return _EVOLVE[type(event)](policy, event)


def _decide_permission(
    policy: Policy, command: CatalogueCommand, reason: str | None
) -> list[PermissionEvent]:
    name = command.permission
    known = policy.permissions.get(name)
    match command:
        case RetirePermission():
            is_gone = known is not None and known.is_retired
            if not is_gone:
                known_permission(policy, name)
                refuse_enforced(name)
            return [] if is_gone else [PermissionRetired(permission=name, reason=reason)]
        case DefinePermission(risk=risk, title=title):
            if PERMISSION.fullmatch(name) is None:
                raise InvalidInputError(
                    "this is no name of a permission",
                    field="permission",
                    fix="write it like customer:read: what, a colon, and what one does with it",
                )
            if known == Permission(risk, title):
                return []
            return [PermissionDefined(permission=name, risk=risk, title=title, reason=reason)]
        case _:
            assert_never(command)


def _decide_data_class(
    policy: Policy, command: DataClassCommand, reason: str | None
) -> list[DataClassEvent]:
    place = (command.resource_type, command.field)
    known = policy.data_classes.get(place)
    match command:
        case SetDataClass(data_class=data_class, otherwise=otherwise):
            must_be_name(command.resource_type, "resource_type")
            if command.field != "*":
                must_be_name(command.field, "field")
            if known == DataClass(data_class, otherwise):
                return []
            return [
                DataClassSet(
                    resource_type=command.resource_type,
                    field=command.field,
                    data_class=data_class,
                    otherwise=otherwise,
                    reason=reason,
                )
            ]
        case RemoveDataClass(resource_type=resource_type, field=field):
            removed = DataClassRemoved(resource_type=resource_type, field=field, reason=reason)
            return [] if known is None else [removed]
        case _:
            assert_never(command)


def _decide_setting(
    policy: Policy, command: SettingCommand, reason: str | None
) -> list[SettingEvent]:
    match command:
        case ChooseDefaultRole(role=role):
            if role is not None:
                role_in_force(policy, role)
            chosen = DefaultRoleChosen(role=role, reason=reason)
            return [] if policy.default_role == role else [chosen]
        case SetFreshnessLimit(risk=risk, seconds=seconds):
            if not SHORTEST_LIMIT_SECONDS <= seconds <= LONGEST_LIMIT_SECONDS:
                raise InvalidInputError(
                    "a copy of the policy cannot be held to be fresh for so long or so short",
                    field="seconds",
                    fix=f"use {SHORTEST_LIMIT_SECONDS:g} to {LONGEST_LIMIT_SECONDS:g} seconds",
                )
            if policy.freshness_seconds.get(risk) == seconds:
                return []
            return [FreshnessLimitSet(risk=risk, seconds=seconds, reason=reason)]
        case _:
            assert_never(command)


def _evolve_permission(policy: Policy, event: PermissionEvent) -> Policy:
    match event:
        case PermissionDefined():
            permission = Permission(event.risk, event.title)
        case PermissionRetired():
            permission = replace(policy.permissions[event.permission], is_retired=True)
        case _:
            assert_never(event)
    return replace(policy, permissions={**policy.permissions, event.permission: permission})


def _evolve_data_class(policy: Policy, event: DataClassEvent) -> Policy:
    place = (event.resource_type, event.field)
    others = {where: its for where, its in policy.data_classes.items() if where != place}
    match event:
        case DataClassSet():
            its = {place: DataClass(event.data_class, event.otherwise)}
            return replace(policy, data_classes=others | its)
        case DataClassRemoved():
            return replace(policy, data_classes=others)
        case _:
            assert_never(event)


def _evolve_setting(policy: Policy, event: SettingEvent) -> Policy:
    match event:
        case DefaultRoleChosen(role=role):
            return replace(policy, default_role=role)
        case FreshnessLimitSet(risk=risk, seconds=seconds):
            return replace(policy, freshness_seconds={**policy.freshness_seconds, risk: seconds})
        case AdministratorRemoved():
            return policy
        case _:
            assert_never(event)


def _evolve_approval(policy: Policy, event: ApprovalEvent) -> Policy:
    others = {one: its for one, its in policy.approvals.items() if one != event.change}
    match event:
        case PolicyChangeApproved(change=change, approved_by=who, until=until):
            return replace(policy, approvals=others | {change: Approval(who, until)})
        case PolicyChangeMade():
            return replace(policy, approvals=others)
        case _:
            assert_never(event)


_EVOLVE: Final[Mapping[type, Callable[[Policy, Any], Policy]]] = {
    **dict.fromkeys(get_args(PermissionEvent), _evolve_permission),
    **dict.fromkeys(get_args(DataClassEvent), _evolve_data_class),
    **dict.fromkeys(get_args(RoleEvent), evolve_role),
    **dict.fromkeys(get_args(SodEvent), evolve_sod),
    **dict.fromkeys(get_args(SettingEvent), _evolve_setting),
    **dict.fromkeys(get_args(ScheduleEvent), evolve_schedule),
    **dict.fromkeys(get_args(ApprovalEvent), _evolve_approval),
    **dict.fromkeys(get_args(ResourceEvent), evolve_resource),
}
