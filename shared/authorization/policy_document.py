"""The policy in a snapshot: each part as plain JSON, and back."""

from typing import Any

from shared.authorization.conditions import condition_document, parse_condition
from shared.authorization.policy import Policy
from shared.authorization.state import FieldClass, PermissionFacts, Role, RoleAllowance, Rule


def policy_document(policy: Policy) -> dict[str, Any]:
    """Return the policy as JSON values; equal policies give equal documents."""
    return {
        "permissions": {name: facts._asdict() for name, facts in policy.permissions.items()},
        "roles": {name: _role_document(role) for name, role in policy.roles.items()},
        "classes": {
            kind: {name: one._asdict() for name, one in fields.items()}
            for kind, fields in policy.classes.items()
            if fields
        },
        "rules": {name: rule._asdict() for name, rule in policy.rules.items()},
        "freshness": dict(policy.freshness),
        "default_role": policy.default_role,
        "is_parked": policy.is_parked,
    }


def policy_from(document: dict[str, Any]) -> Policy:
    """Return the policy that was written.

    Raises:
        TypeError, KeyError, ValueError: it was not written by `policy_document`.
    """
    return Policy(
        {name: PermissionFacts(**one) for name, one in document["permissions"].items()},
        {name: _role(one) for name, one in document["roles"].items()},
        {
            kind: {name: FieldClass(**one) for name, one in fields.items()}
            for kind, fields in document["classes"].items()
        },
        {
            name: Rule(one["kind"], tuple(one["first"]), tuple(one["second"]))
            for name, one in document["rules"].items()
        },
        document["freshness"],
        document["default_role"],
        document["is_parked"],
    )


def _role_document(role: Role) -> dict[str, Any]:
    return role._asdict() | {
        "title": dict(role.title),
        "parents": sorted(role.parents),
        "allowances": {
            permission: [_allowance_document(one) for one in each]
            for permission, each in role.allowances.items()
        },
    }


def _allowance_document(allowance: RoleAllowance) -> dict[str, Any]:
    condition = allowance.condition
    return allowance._asdict() | {
        "condition": None if condition is None else condition_document(condition)
    }


def _role(document: dict[str, Any]) -> Role:
    return Role(**document)._replace(
        parents=frozenset(document["parents"]),
        allowances={
            permission: tuple(_allowance(one) for one in each)
            for permission, each in document["allowances"].items()
        },
    )


def _allowance(document: dict[str, Any]) -> RoleAllowance:
    condition = document["condition"]
    return RoleAllowance(
        document["scope"],
        document["clearance"],
        None if condition is None else parse_condition(condition),
    )
