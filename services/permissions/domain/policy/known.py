"""What a command names is there, and its names are ones that everybody can write."""

import re
from typing import Final

from services.permissions.domain.policy.state import Permission, Policy, Role
from shared.authorization.permissions import Permission as Permissions
from shared.errors import InvalidInputError, NotFoundError, RuleBrokenError

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
PERMISSION: Final = re.compile(r"[a-z][a-z0-9_]{0,39}:[a-z][a-z0-9_]{0,39}")
ROLE_EDITORS: Final = "whoever has the permission role:change"
POLICY_EDITORS: Final = "whoever has the permission policy:change"


def must_be_name(name: str, field: str) -> None:
    """Raise InvalidInputError if a role, rule or field cannot be called so."""
    if NAME.fullmatch(name) is None:
        raise InvalidInputError(
            f"this is no name of a {field.removesuffix('_name')}",
            field=field,
            fix="use small letters, digits and _, at most 60, a letter first",
        )


def known_permission(policy: Policy, permission: str, field: str = "permission") -> Permission:
    """Return a permission that is in force.

    Raises:
        NotFoundError: there is none of this name.
        RuleBrokenError: it is retired.
    """
    known = policy.permissions.get(permission)
    if known is None:
        raise NotFoundError(
            f"there is no permission {permission[:80]}",
            code="permission-not-found",
            field=field,
            fix="see which there are with GET /v1/permissions, or define it first",
            who_can_help=POLICY_EDITORS,
        )
    if known.is_retired:
        raise RuleBrokenError(
            f"the permission {permission} is retired",
            code="permission-retired",
            field=field,
            fix="take another one, or define it again first",
            who_can_help=POLICY_EDITORS,
        )
    return known


def refuse_enforced(permission: str) -> None:
    """Raise RuleBrokenError if Daybook itself asks for this permission: nobody could do it then."""
    if permission in set(Permissions):
        raise RuleBrokenError(
            f"Daybook itself asks for {permission}: without it nobody could do this any more",
            code="permission-enforced",
            field="permission",
            fix="keep it, also in a file that covers everything; take it away from roles, or deny"
            " it, where somebody shall not have it",
            who_can_help=POLICY_EDITORS,
        )


def known_role(policy: Policy, role: str, field: str = "role") -> Role:
    """Return a role, retired or not (raises NotFoundError)."""
    known = policy.roles.get(role)
    if known is None:
        raise NotFoundError(
            f"there is no role {role[:60]}",
            code="role-not-found",
            field=field,
            fix="see which there are with GET /v1/roles, or define it first",
            who_can_help=ROLE_EDITORS,
        )
    return known


def role_in_force(policy: Policy, role: str, field: str = "role") -> Role:
    """Return a role that is not retired (raises NotFoundError, RuleBrokenError)."""
    known = known_role(policy, role, field)
    if known.is_retired:
        raise RuleBrokenError(
            f"the role {role} is retired",
            code="role-retired",
            field=field,
            fix="take another one, or define it again first",
            who_can_help=ROLE_EDITORS,
        )
    return known
