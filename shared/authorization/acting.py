"""Somebody acts as somebody else: as whom, until when, up to which level, and never for what.

Whoever acts reaches what the other one reaches, as long as the other one's level is not higher.
Rights themselves, and what is of critical risk, are for each to use in the own name alone.
"""

from typing import Final

from shared.authorization.permissions import Permission
from shared.authorization.policy import HIGHEST_LEVEL, Policy
from shared.authorization.state import ALL, RESTRICTED, Acting, Grant, Subject

ACTING: Final = Permission.PEOPLE_ACT_AS.value
IN_THE_OWN_NAME: Final = frozenset(
    map(
        str,
        {
            Permission.CONSUMERS_REPORT, Permission.CUSTOMERS_IMPORT, Permission.ERASURES_CONFIRM,
            Permission.EVALUATIONS_ASK, Permission.GRANTS_APPROVE, Permission.GRANTS_BREAK_GLASS,
            Permission.GRANTS_GIVE, Permission.GRANTS_REQUEST, Permission.GRANTS_REVOKE,
            Permission.PEOPLE_ACT_AS, Permission.PEOPLE_CHANGE, Permission.PEOPLE_PROVISION,
            Permission.POLICY_CHANGE, Permission.REVIEWS_DECIDE, Permission.REVIEWS_START,
            Permission.ROLES_CHANGE, Permission.SOD_EXCEPT, Permission.SUBJECT_KEYS_READ,
            Permission.TEAMS_CHANGE,
        },
    )
)  # fmt: skip
"""What changes rights, is confirmed or asked by the very account, or goes on after its request; and
so is whatever is of critical risk."""
CRITICAL: Final = "critical"


def acting_in_force(actor: Subject | None, acting_id: str, now: int) -> Acting | None:
    """Return as whom somebody acts now, by its id; None if it is over, or never was."""
    every = () if actor is None else actor.acting
    return next((one for one in every if one.acting_id == acting_id and now < one.until), None)


def acting_as(actor: Subject, target: str, now: int) -> Acting | None:
    """Return how far somebody acts as another now; None if not at all."""
    return next((one for one in actor.acting if one.target == target and now < one.until), None)


def is_for_the_own_name(policy: Policy, permission: str) -> bool:
    """Say whether nobody may use a permission in somebody else's name."""
    facts = policy.permissions.get(permission)
    is_critical = facts is not None and facts.risk == CRITICAL
    return is_critical or permission in IN_THE_OWN_NAME


def level_held(policy: Policy, subject: Subject, now: int) -> int:
    """Return the level of who acts: of the roles held plainly now, 0 if there are none."""
    return max(
        (
            policy.level(grant.target)
            for grant in subject.grants
            if grant.shape.is_role
            and grant.shape.records is None
            and grant.shape.condition is None
            and _is_open(grant, now)
        ),
        default=0,
    )


def level_reached(policy: Policy, subject: Subject, now: int) -> int:
    """Return the level of who is acted as: of all that is held now, however it is held.

    That of a single permission is the lowest of a role with which it comes as far.
    """
    return max((_level_of(policy, one) for one in subject.grants if _is_open(one, now)), default=0)


def _is_open(grant: Grant, now: int) -> bool:
    return not grant.shape.is_denial and grant.shape.since <= now < grant.shape.until


def _level_of(policy: Policy, grant: Grant) -> int:
    shape = grant.shape
    if shape.is_role:
        is_known = grant.target not in policy.parked_roles
        return policy.level(grant.target) if is_known else HIGHEST_LEVEL
    if grant.target not in policy.permissions:
        return 0
    scope = ALL if shape.scope is None else shape.scope
    clearance = RESTRICTED if shape.clearance is None else shape.clearance
    return policy.level_of(grant.target, scope, clearance)
