"""What each event of the policy stream does to the policy."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeVar

from shared.authorization.policy import Policy
from shared.authorization.reading import (
    Data,
    field_class,
    members,
    optional_text,
    risk_of,
    role_allowance,
    rule_of,
    text_in,
)
from shared.authorization.state import PermissionEvent, PermissionFacts, Role

Reader = Callable[[Policy, Data], Policy]
Value = TypeVar("Value")


def _without(mapping: Mapping[str, Value], name: str) -> dict[str, Value]:
    return {key: value for key, value in mapping.items() if key != name}


def _permission_defined(policy: Policy, data: Data) -> Policy:
    facts = PermissionFacts(risk_of(data["risk"]), dict(members(data.get("title"))))
    return replace(policy, permissions={**policy.permissions, text_in(data, "permission"): facts})


def _permission_retired(policy: Policy, data: Data) -> Policy:
    left = _without(policy.permissions, text_in(data, "permission"))
    return replace(policy, permissions=left)


def _class_set(policy: Policy, data: Data) -> Policy:
    kind, name = text_in(data, "resource_type"), text_in(data, "field")
    fields = {**policy.classes.get(kind, {}), name: field_class(data)}
    return replace(policy, classes={**policy.classes, kind: fields})


def _class_removed(policy: Policy, data: Data) -> Policy:
    kind, name = text_in(data, "resource_type"), text_in(data, "field")
    left = _without(policy.classes.get(kind, {}), name)
    return replace(policy, classes={**policy.classes, kind: left})


def _role_defined(policy: Policy, data: Data) -> Policy:
    level = _level(data)
    name = text_in(data, "role")
    before = policy.roles.get(name, Role())
    role = before._replace(level=level, title=dict(members(data.get("title"))))
    return replace(policy, roles={**policy.roles, name: role})


def _level_changed(policy: Policy, data: Data) -> Policy:
    return policy.role(text_in(data, "role"), level=_level(data))


def _role_retired(policy: Policy, data: Data) -> Policy:
    return policy.role(text_in(data, "role"), is_retired=True)


def _role_reinstated(policy: Policy, data: Data) -> Policy:
    return policy.role(text_in(data, "role"), is_retired=False)


def _role_permission_set(policy: Policy, data: Data) -> Policy:
    name, permission = text_in(data, "role"), text_in(data, "permission")
    given = data["allowances"]
    if not isinstance(given, list | tuple):
        raise TypeError("not a list")
    allowances = dict(policy.roles[name].allowances)
    allowances.pop(permission, None)
    if given:
        allowances[permission] = tuple(role_allowance(one) for one in given)
    return policy.role(name, allowances=allowances)


def _parent_added(policy: Policy, data: Data) -> Policy:
    name, parent = text_in(data, "role"), text_in(data, "parent")
    return policy.role(name, parents=policy.roles[name].parents | {parent})


def _parent_removed(policy: Policy, data: Data) -> Policy:
    name, parent = text_in(data, "role"), text_in(data, "parent")
    return policy.role(name, parents=policy.roles[name].parents - {parent})


def _rule_defined(policy: Policy, data: Data) -> Policy:
    return replace(policy, rules={**policy.rules, text_in(data, "rule"): rule_of(data)})


def _rule_retired(policy: Policy, data: Data) -> Policy:
    return replace(policy, rules=_without(policy.rules, text_in(data, "rule")))


def _default_role_chosen(policy: Policy, data: Data) -> Policy:
    return replace(policy, default_role=optional_text(data.get("role")))


def _freshness_limit_set(policy: Policy, data: Data) -> Policy:
    risk, seconds = risk_of(data["risk"]), data["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise ValueError("no number of seconds")
    return replace(policy, freshness={**policy.freshness, risk: float(seconds)})


def _level(data: Data) -> int:
    level = data["level"]
    if isinstance(level, bool) or not isinstance(level, int):
        raise TypeError("not a level")
    return level


READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "PermissionDefined": _permission_defined,
        "PermissionRetired": _permission_retired,
        "DataClassSet": _class_set,
        "DataClassRemoved": _class_removed,
        "RoleDefined": _role_defined,
        "RoleLevelChanged": _level_changed,
        "RoleRetired": _role_retired,
        "RoleReinstated": _role_reinstated,
        "RolePermissionSet": _role_permission_set,
        "RoleParentAdded": _parent_added,
        "RoleParentRemoved": _parent_removed,
        "SodRuleDefined": _rule_defined,
        "SodRuleRetired": _rule_retired,
        "DefaultRoleChosen": _default_role_chosen,
        "FreshnessLimitSet": _freshness_limit_set,
    }
)
"""Event type → what it does; types that are not here change nothing a decision needs."""


def parked(policy: Policy, event: PermissionEvent) -> Policy:
    """Return the policy in which what the unreadable event is about denies.

    That is the role it names; an event that names none may concern anything.
    """
    name = (event.data or {}).get("role")
    if not event.type.startswith("Role") or not isinstance(name, str):
        return replace(policy, is_parked=True)
    role = policy.roles.get(name, Role())._replace(is_parked=True)
    return replace(policy, roles={**policy.roles, name: role})
