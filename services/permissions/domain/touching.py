"""Of a change of the policy only those are looked at whose rights it can touch."""

from dataclasses import dataclass

from services.permissions.domain.meaning import policy_of
from services.permissions.domain.policy.inheritance import allowances_of, lineage
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.subject.state import Subject


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change of the policy changes for whoever has it."""

    roles: frozenset[str]
    """Those that bring something else than before, also only another role."""
    permissions: frozenset[str]
    """Those that come otherwise than before with some role, or by themselves."""

    def touches(self, subject: Subject) -> bool:
        """Say whether somebody has one of them."""
        return any(
            grant.terms.role in self.roles or grant.terms.permission in self.permissions
            for grant in subject.grants.values()
        )


def touched_by(was: Policy, now: Policy) -> Touched:
    """Return what differs between two policies for whoever has roles or permissions."""
    names = was.permissions.keys() | now.permissions.keys()
    permissions = {name for name in names if _is_in_force(was, name) != _is_in_force(now, name)}
    roles = set()
    for name in was.roles.keys() | now.roles.keys():
        before, after = {*_brings(was, name)}, {*_brings(now, name)}
        # A denial goes on through retired roles, so what it withholds is looked at by itself.
        withheld = [policy_of(one).withheld(name) for one in (was, now)]
        if (
            before != after
            or withheld[0] != withheld[1]
            or lineage(was, name) != lineage(now, name)
        ):
            roles.add(name)
            permissions |= {permission for permission, _ in before ^ after}
            permissions |= (withheld[0] or frozenset()) ^ (withheld[1] or frozenset())
    return Touched(frozenset(roles), frozenset(permissions))


def _brings(policy: Policy, role: str) -> list[tuple[str, str]]:
    return [(name, way.model_dump_json()) for name, way in allowances_of(policy, role)]


def _is_in_force(policy: Policy, permission: str) -> bool:
    known = policy.permissions.get(permission)
    return known is not None and not known.is_retired
