"""The commands that make the policy what a file says; those that change nothing come to nothing."""

from collections.abc import Iterator

from services.permissions.domain.policy.commands import (
    AddRoleParent,
    ChooseDefaultRole,
    DeclareResource,
    DefinePermission,
    DefineRole,
    DefineSodRule,
    PolicyCommand,
    RemoveDataClass,
    RemoveReviewSchedule,
    RemoveRoleParent,
    RetirePermission,
    RetireRole,
    RetireSodRule,
    SetDataClass,
    SetFreshnessLimit,
    SetReviewSchedule,
    SetRolePermission,
    WithdrawResource,
)
from services.permissions.domain.policy.events import (
    Allowance,
    Title,
)
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.policy_file.document import Path
from services.permissions.domain.policy_file.model import (
    AllowanceEntry,
    PolicyFile,
    ReviewScheduleEntry,
    RoleEntry,
    TitleEntry,
)
from services.permissions.domain.review.events import Chosen
from services.permissions.domain.review.schedule import ReviewSchedule

Located = tuple[Path, PolicyCommand]
"""A command, and where the file asks for it."""


def additions(policy: Policy, file: PolicyFile) -> Iterator[Located]:
    """Yield what the file wants there to be, in an order in which it can be done."""
    yield from _catalogue(file)
    for name, role in file.roles.items():
        yield ("roles", name), DefineRole(name, role.level, title_of(role.title))
    # What goes is first, for all of them: two roles may change places.
    for name, role in file.roles.items():
        yield from _taken_from_role(policy, file, name, role)
    for name, role in file.roles.items():
        yield from _given_to_role(name, role)
    for name, rule in file.sod_rules.items():
        sides = tuple(rule.first), tuple(rule.second)
        yield ("sod_rules", name), DefineSodRule(name, rule.kind, *sides)
    for name, entry in file.review_schedules.items():
        yield ("review_schedules", name), SetReviewSchedule(name, _schedule(entry))
    for risk, seconds in file.freshness_seconds.items():
        yield ("freshness_seconds", risk.value), SetFreshnessLimit(risk, seconds)
    if file.default_role is not None:
        yield ("default_role",), ChooseDefaultRole(file.default_role)
    yield from _resources(file)


def removals(policy: Policy, file: PolicyFile) -> Iterator[Located]:
    """Yield what must go because a file that covers everything does not name it."""
    if file.covers != "everything":
        return
    if file.default_role is None and policy.default_role is not None:
        yield ("default_role",), ChooseDefaultRole(None)
    yield from (
        (("resources",), WithdrawResource(kind, name))
        for kind, name in policy.resources
        if name not in file.resources.get(kind, {})
    )
    yield from (
        (("review_schedules",), RemoveReviewSchedule(name))
        for name in policy.review_schedules
        if name not in file.review_schedules
    )
    yield from (
        (("sod_rules",), RetireSodRule(rule))
        for rule in policy.sod_rules
        if rule not in file.sod_rules
    )
    yield from (
        (("roles",), RetireRole(name))
        for name, role in policy.roles.items()
        if name not in file.roles and not role.is_retired
    )
    yield from (
        (("data_classes",), RemoveDataClass(kind, field))
        for kind, field in policy.data_classes
        if field not in file.data_classes.get(kind, {})
    )
    yield from (
        (("permissions",), RetirePermission(name))
        for name, permission in policy.permissions.items()
        if name not in file.permissions and not permission.is_retired
    )


def _resources(file: PolicyFile) -> Iterator[Located]:
    for kind, those in file.resources.items():
        for name, its in those.items():
            declared = DeclareResource(kind, name, its.owner, its.attributes)
            yield ("resources", kind, name), declared


def title_of(entry: TitleEntry) -> Title:
    """Return a title as events have it."""
    return Title(en=entry.en, zh=entry.zh)


def _schedule(entry: ReviewScheduleEntry) -> ReviewSchedule:
    chosen = Chosen(
        roles=tuple(entry.roles),
        department=entry.department,
        risk=entry.risk,
        kept_after_a_move=entry.kept_after_a_move,
    )
    return ReviewSchedule(
        title=entry.title,
        every=entry.every,
        chosen=chosen,
        days=entry.days,
        silence=entry.silence,
        most_percent=entry.most_percent,
        most_grants=entry.most_grants,
    )


def _catalogue(file: PolicyFile) -> Iterator[Located]:
    for name, permission in file.permissions.items():
        command = DefinePermission(name, permission.risk, title_of(permission.title))
        yield ("permissions", name), command
    for kind, fields in file.data_classes.items():
        for field, entry in fields.items():
            classed = SetDataClass(kind, field, entry.data_class, entry.otherwise)
            yield ("data_classes", kind, field), classed


def _taken_from_role(
    policy: Policy, file: PolicyFile, name: str, role: RoleEntry
) -> Iterator[Located]:
    """Yield what the role has and should not have; what is retired and stays so has no effect."""
    known = policy.roles.get(name)
    if known is None:
        return
    for parent in known.parents:
        is_without_effect = policy.roles[parent].is_retired and parent not in file.roles
        if parent not in role.parents and not is_without_effect:
            yield ("roles", name, "parents"), RemoveRoleParent(name, parent)
    for permission in known.allowances:
        is_gone = policy.permissions[permission].is_retired
        if permission not in role.permissions and not (
            is_gone and permission not in file.permissions
        ):
            yield ("roles", name, "permissions"), SetRolePermission(name, permission, ())


def _given_to_role(name: str, role: RoleEntry) -> Iterator[Located]:
    for permission, entries in role.permissions.items():
        allowances = tuple(_allowance(entry) for entry in entries)
        where = ("roles", name, "permissions", permission)
        yield where, SetRolePermission(name, permission, allowances)
    for number, parent in enumerate(role.parents):
        yield ("roles", name, "parents", number), AddRoleParent(name, parent)


def _allowance(entry: AllowanceEntry) -> Allowance:
    return Allowance(scope=entry.scope, clearance=entry.clearance, condition=entry.condition)
