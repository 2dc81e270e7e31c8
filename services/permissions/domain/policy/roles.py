"""Roles: what may be asked of one, and what each fact does to it."""

from dataclasses import replace
from typing import Final, assert_never

from services.permissions.domain.policy.commands import (
    AddRoleParent,
    DefineRole,
    RemoveRoleParent,
    RetireRole,
    RoleCommand,
    SetRolePermission,
)
from services.permissions.domain.policy.events import (
    Allowance,
    RoleDefined,
    RoleEvent,
    RoleLevelChanged,
    RoleParentAdded,
    RoleParentRemoved,
    RolePermissionSet,
    RoleReinstated,
    RoleRetired,
)
from services.permissions.domain.policy.inheritance import refuse_bad_parent
from services.permissions.domain.policy.known import (
    POLICY_EDITORS,
    ROLE_EDITORS,
    known_permission,
    known_role,
    must_be_name,
    role_in_force,
)
from services.permissions.domain.policy.state import Policy, Role
from shared.authorization.conditions import condition_document, parse_condition
from shared.errors import InvalidInputError, RuleBrokenError

HIGHEST_LEVEL: Final = 100
MAX_ROLES: Final = 2_000
MAX_ALLOWANCES: Final = 10


def decide_role(policy: Policy, command: RoleCommand, reason: str | None) -> list[RoleEvent]:
    """Return what follows; nothing where nothing changes.

    Raises:
        InvalidInputError: a name, level or condition that cannot be.
        NotFoundError: there is no such role, parent or permission.
        RuleBrokenError: a cycle, too deep, retired, or in use.
    """
    match command:
        case DefineRole():
            return _define(policy, command, reason)
        case RetireRole(role=role):
            return _retire(policy, role, reason)
        case SetRolePermission():
            return _set_permission(policy, command, reason)
        case AddRoleParent(role=role, parent=parent):
            has = role_in_force(policy, role).parents
            role_in_force(policy, parent, "parent")
            if parent in has:
                return []
            refuse_bad_parent(policy, role, parent)
            return [RoleParentAdded(role=role, parent=parent, reason=reason)]
        case RemoveRoleParent(role=role, parent=parent):
            has = known_role(policy, role).parents
            gone = RoleParentRemoved(role=role, parent=parent, reason=reason)
            return [gone] if parent in has else []
        case _:
            assert_never(command)


def evolve_role(policy: Policy, event: RoleEvent) -> Policy:
    """Return the policy after one more event about a role."""
    if isinstance(event, RoleDefined) and event.role not in policy.roles:
        role = Role(event.level, event.title)
    else:
        role = _evolved(policy.roles[event.role], event)
    return replace(policy, roles={**policy.roles, event.role: role})


def _evolved(role: Role, event: RoleEvent) -> Role:
    match event:
        case RoleDefined():
            return replace(role, title=event.title)
        case RoleLevelChanged():
            return replace(role, level=event.level)
        case RoleRetired():
            return replace(role, is_retired=True)
        case RoleReinstated():
            return replace(role, is_retired=False)
        case RolePermissionSet():
            others = {p: its for p, its in role.allowances.items() if p != event.permission}
            its = {event.permission: event.allowances} if event.allowances else {}
            return replace(role, allowances=others | its)
        case RoleParentAdded():
            return replace(role, parents=(*role.parents, event.parent))
        case RoleParentRemoved():
            return replace(role, parents=tuple(p for p in role.parents if p != event.parent))
        case _:
            assert_never(event)


def _define(policy: Policy, command: DefineRole, reason: str | None) -> list[RoleEvent]:
    must_be_name(command.role, "role")
    if not 0 <= command.level <= HIGHEST_LEVEL:
        raise InvalidInputError(
            f"{command.level} is no level of a role",
            field="level",
            fix=f"use 0 to {HIGHEST_LEVEL}; nobody gives a role above the own level",
        )
    role = policy.roles.get(command.role)
    defined = RoleDefined(
        role=command.role, level=command.level, title=command.title, reason=reason
    )
    if role is None:
        if len(policy.roles) >= MAX_ROLES:
            raise RuleBrokenError(
                f"{MAX_ROLES} roles were defined, more there cannot be",
                code="too-many-roles",
                fix="define a retired one again",
                who_can_help=ROLE_EDITORS,
            )
        return [defined]
    events: list[RoleEvent] = []
    if role.is_retired:
        events.append(RoleReinstated(role=command.role, reason=reason))
    if role.level != command.level:
        events.append(RoleLevelChanged(role=command.role, level=command.level, reason=reason))
    if role.title != command.title:
        events.append(defined)
    return events


def _retire(policy: Policy, role: str, reason: str | None) -> list[RoleEvent]:
    if known_role(policy, role).is_retired:
        return []
    if policy.default_role == role:
        raise RuleBrokenError(
            f"{role} is what everybody gets who joins",
            code="role-is-default",
            field="role",
            fix="choose another default role first",
            who_can_help=POLICY_EDITORS,
        )
    return [RoleRetired(role=role, reason=reason)]


def _set_permission(
    policy: Policy, command: SetRolePermission, reason: str | None
) -> list[RoleEvent]:
    has = role_in_force(policy, command.role).allowances.get(command.permission, ())
    if command.allowances:
        known_permission(policy, command.permission)
    if len(command.allowances) > MAX_ALLOWANCES:
        raise InvalidInputError(
            f"a role has at most {MAX_ALLOWANCES} allowances of one permission",
            field="allowances",
            fix="leave out those that another one covers",
        )
    wanted: list[Allowance] = []
    for number, given in enumerate(command.allowances):
        allowance = _checked(given, f"allowances[{number}].condition")
        if allowance not in wanted:
            wanted.append(allowance)
    if tuple(wanted) == has:
        return []
    return [
        RolePermissionSet(
            role=command.role,
            permission=command.permission,
            allowances=tuple(wanted),
            reason=reason,
        )
    ]


def _checked(allowance: Allowance, field: str) -> Allowance:
    """Return the allowance with its condition in its normal form."""
    if allowance.condition is None:
        return allowance
    condition = condition_document(parse_condition(allowance.condition, field))
    return Allowance(scope=allowance.scope, clearance=allowance.clearance, condition=condition)
