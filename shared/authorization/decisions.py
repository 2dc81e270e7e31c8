"""The question every route asks before it does anything, and the table that answers it today.

The permission replica will implement the same `Decisions`; no route will notice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from shared.authorization.people import DEMO_PEOPLE, Person, Role
from shared.authorization.permissions import Permission

_EVERY_CUSTOMER_READ = frozenset(
    {
        Permission.CUSTOMERS_READ,
        Permission.CUSTOMERS_HISTORY,
        Permission.CUSTOMERS_JOURNEY,
        Permission.CUSTOMERS_WATCH,
        Permission.ACTIVITY_READ,
        Permission.FIELDS_READ,
        Permission.GRANTS_REQUEST,
    }
)
_DAILY_WORK = _EVERY_CUSTOMER_READ | {Permission.CUSTOMERS_CHANGE}
_SELLING = _DAILY_WORK | {Permission.CUSTOMERS_REGISTER, Permission.CUSTOMERS_IMPORT}

# Whoever may read a history or the lag may follow one change on its way (journey).
ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.SALES: _SELLING,
        Role.SALES_MANAGER: _SELLING | {Permission.CUSTOMERS_EXPORT},
        Role.SUPPORT: _DAILY_WORK,
        Role.AUDITOR: frozenset(
            {
                Permission.ACTIVITY_READ,
                Permission.CUSTOMERS_READ,
                Permission.CUSTOMERS_HISTORY,
                Permission.CUSTOMERS_JOURNEY,
                Permission.ERASURES_READ,
                Permission.FEED_READ,
                Permission.FIELDS_READ,
                Permission.GRANTS_READ,
                Permission.GRANTS_REQUEST,
                Permission.PEOPLE_READ,
                Permission.POLICY_READ,
                Permission.RECORDS_READ,
                Permission.ROLES_READ,
                Permission.TEAMS_READ,
            }
        ),
        Role.ADMINISTRATOR: _EVERY_CUSTOMER_READ
        | {
            Permission.CONSUMERS_READ,
            Permission.CUSTOMERS_EXPORT,
            Permission.CUSTOMERS_IMPORT,
            Permission.FIELDS_DECLARE,
            Permission.GRANTS_APPROVE,
            Permission.GRANTS_GIVE,
            Permission.GRANTS_READ,
            Permission.LAG_READ,
            Permission.PEOPLE_CHANGE,
            Permission.POLICY_CHANGE,
            Permission.POLICY_READ,
            Permission.PROJECTIONS_OPERATE,
            Permission.GRANTS_REVOKE,
            Permission.GRANTS_BREAK_GLASS,
            Permission.REVIEWS_DECIDE,
            Permission.ROLES_CHANGE,
            Permission.ROLES_READ,
            Permission.SOD_EXCEPT,
            Permission.TEAMS_CHANGE,
            Permission.TEAMS_READ,
            Permission.WHAT_IF_ASK,
            Permission.PEOPLE_READ,
        },
        # No personal data: watch carries ids, types and versions, the feed carries ciphertext.
        Role.OPERATOR: frozenset(
            {
                Permission.CONSUMERS_READ,
                Permission.ACTIVITY_READ,
                Permission.CUSTOMERS_JOURNEY,
                Permission.CUSTOMERS_WATCH,
                Permission.ERASURES_READ,
                Permission.FEED_READ,
                Permission.GRANTS_REQUEST,
                Permission.LAG_READ,
                Permission.PROJECTIONS_OPERATE,
            }
        ),
        Role.DATA_PROTECTION: frozenset(
            {
                Permission.CUSTOMERS_ACCESS_FILE,
                Permission.CUSTOMERS_ERASE,
                Permission.CUSTOMERS_HISTORY,
                Permission.CUSTOMERS_HOLD,
                Permission.CUSTOMERS_JOURNEY,
                Permission.CUSTOMERS_READ,
                Permission.ERASURES_CONFIRM,
                Permission.ERASURES_READ,
                Permission.FIELDS_READ,
                Permission.GRANTS_REQUEST,
            }
        ),
        Role.SUBSCRIBER: frozenset(
            {
                Permission.CONSUMERS_REPORT,
                Permission.CUSTOMERS_READ,
                Permission.ERASURES_CONFIRM,
                Permission.EVALUATIONS_ASK,
                Permission.FEED_READ,
                Permission.FIELDS_READ,
                Permission.SUBJECT_KEYS_READ,
            }
        ),
        # What an identity provider signs in with: it says who there is, and gives no rights.
        Role.PROVISIONER: frozenset({Permission.PEOPLE_PROVISION, Permission.PEOPLE_READ}),
        # A service's own account signs its canaries, and asks for what all decide by.
        Role.SERVICE: frozenset({Permission.PERMISSIONS_FOLLOW, Permission.FEED_READ}),
    }
)
"""The permission table: what is not in it is denied."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: yes or no, why, and for a no who can help."""

    allowed: bool
    reason: str
    who_can_help: str | None = None


class Decisions(Protocol):
    """Answers whether a subject may do something; in process, in microseconds, never raising."""

    def check(self, subject: str, permission: Permission) -> Decision:
        """Return the decision; an unknown subject or permission is denied."""
        ...


class TableDecisions:
    """Decides by the permission table; every answer is made beforehand."""

    def __init__(self, people: Iterable[Person] = tuple(DEMO_PEOPLE.values())) -> None:
        self._decisions = {
            person.subject: {
                permission: _decide(person.role, permission) for permission in Permission
            }
            for person in people
        }

    def check(self, subject: str, permission: Permission) -> Decision:
        """Return the decision; an unknown subject or permission is denied."""
        known = self._decisions.get(subject)
        if known is None:
            return _UNKNOWN_SUBJECT
        return known.get(permission, _UNKNOWN_PERMISSION)


def _decide(role: Role, permission: Permission) -> Decision:
    if permission in ROLE_PERMISSIONS[role]:
        return Decision(allowed=True, reason=f"The role {role} has {permission}.")
    return Decision(
        allowed=False,
        reason=f"The role {role} does not have {permission}.",
        who_can_help=_who_can_help(permission),
    )


def _who_can_help(permission: Permission) -> str:
    able = [role.value for role in Role if permission in ROLE_PERMISSIONS[role]]
    return (
        f"An administrator (role administrator) can give you {permission}; "
        f"whoever has the role {_either(able)} can do it for you."
    )


def _either(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


_UNKNOWN_SUBJECT = Decision(
    allowed=False,
    reason="This account has no role in Daybook.",
    who_can_help="An administrator (role administrator) can give this account a role.",
)
_UNKNOWN_PERMISSION = Decision(
    allowed=False,
    reason="There is no such permission.",
    who_can_help="An administrator (role administrator) knows which permissions there are.",
)
