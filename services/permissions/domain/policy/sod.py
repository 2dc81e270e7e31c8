"""What is kept apart: what may be asked of a rule of separation, and what each fact does to it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, assert_never

from services.permissions.domain.policy.commands import DefineSodRule, RetireSodRule, SodCommand
from services.permissions.domain.policy.events import SodEvent, SodRuleDefined, SodRuleRetired
from services.permissions.domain.policy.known import (
    POLICY_EDITORS,
    known_permission,
    must_be_name,
    role_in_force,
)
from services.permissions.domain.policy.state import Policy, SodRule
from shared.authorization.questions import DEEDS_TOLD
from shared.errors import InvalidInputError, NotFoundError

MAX_NAMES: Final = 50
"""On each side of a rule that keeps things apart."""


def decide_sod(policy: Policy, command: SodCommand, reason: str | None) -> list[SodEvent]:
    """Return what follows; nothing where nothing changes.

    Raises:
        InvalidInputError: sides that cannot be, or deeds that nobody tells.
        NotFoundError: a rule, permission or role that is not there.
        RuleBrokenError: one that is retired.
    """
    name = command.rule
    known = policy.sod_rules.get(name)
    match command:
        case RetireSodRule():
            if known is None:
                raise NotFoundError(
                    "there is no such rule of separation",
                    code="sod-rule-not-found",
                    field="rule",
                    fix="see which there are with GET /v1/sod-rules",
                )
            return [SodRuleRetired(rule=name, reason=reason)]
        case DefineSodRule(kind=kind):
            must_be_name(name, "rule")
            first = _side(policy, command.first, "first")
            second = _side(policy, command.second, "second")
            if kind == "dynamic":
                _refuse_unknown_deeds(first, "first")
                _refuse_unknown_deeds(second, "second")
            if both := sorted(set(first) & set(second)):
                raise InvalidInputError(
                    f"{both[0]} is on both sides, so that nobody could have it",
                    field="second",
                    fix="name it on one side only",
                )
            if known == SodRule(kind, first, second):
                return []
            return [SodRuleDefined(rule=name, kind=kind, first=first, second=second, reason=reason)]
        case _:
            assert_never(command)


def _side(policy: Policy, names: tuple[str, ...], field: str) -> tuple[str, ...]:
    if not 1 <= len(names) <= MAX_NAMES:
        raise InvalidInputError(
            f"1 to {MAX_NAMES} permissions and roles are needed on each side",
            field=field,
            fix="name for example customer:export or sales_rep",
        )
    for name in names:
        if ":" in name:
            known_permission(policy, name, field)
        else:
            role_in_force(policy, name, field)
    return tuple(sorted(set(names)))


def evolve_sod(policy: Policy, event: SodEvent) -> Policy:
    """Return the policy after one more event about a rule."""
    others = {name: rule for name, rule in policy.sod_rules.items() if name != event.rule}
    match event:
        case SodRuleDefined():
            its = {event.rule: SodRule(event.kind, event.first, event.second)}
            return replace(policy, sod_rules=others | its)
        case SodRuleRetired():
            return replace(policy, sod_rules=others)
        case _:
            assert_never(event)


def _refuse_unknown_deeds(names: Iterable[str], field: str) -> None:
    """Raise InvalidInputError if nobody knows who used one of these on a record."""
    if unknown := sorted(set(names) - DEEDS_TOLD):
        types = sorted({name.partition(":")[0] for name in DEEDS_TOLD})
        raise InvalidInputError(
            f"who used {unknown[0]} on a record is not known, so that a dynamic rule would deny"
            f" every record to everybody; it is known of {' and '.join(sorted(DEEDS_TOLD))}"
            f" (resource type {', '.join(types)})",
            field=field,
            fix="keep them apart with a static rule, which nobody may hold both sides of",
            who_can_help=POLICY_EDITORS,
        )
