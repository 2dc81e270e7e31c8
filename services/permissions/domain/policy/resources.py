"""Records of other programs that the policy names, so that they can be searched by who may what.

What Daybook itself owns is never declared: of that it knows what is true.
"""

from dataclasses import replace
from typing import Final, assert_never

from services.permissions.domain.policy.commands import (
    DeclareResource,
    ResourceCommand,
    WithdrawResource,
)
from services.permissions.domain.policy.events import (
    ResourceDeclared,
    ResourceEvent,
    ResourceWithdrawn,
)
from services.permissions.domain.policy.known import POLICY_EDITORS, must_be_name
from services.permissions.domain.policy.state import Policy, Resource
from shared.authorization.permissions import OWN_TYPES
from shared.errors import InvalidInputError, RuleBrokenError

MAX_RESOURCES: Final = 1_000
"""They are kept in memory; whoever has more keeps them and asks about each."""
LONGEST_ID: Final = 200


def decide_resource(
    policy: Policy, command: ResourceCommand, reason: str | None
) -> list[ResourceEvent]:
    """Return the events that the command causes; none when it changes nothing.

    Raises:
        InvalidInputError: Daybook owns records of this type, or a name cannot be.
        RuleBrokenError: there would be too many.
    """
    kind, name = command.resource_type, command.resource_id
    known = policy.resources.get((kind, name))
    match command:
        case WithdrawResource():
            gone = ResourceWithdrawn(resource_type=kind, resource_id=name, reason=reason)
            return [] if known is None else [gone]
        case DeclareResource(owner=owner, attributes=attributes):
            _must_be_of_others(kind, name)
            if known == Resource(owner, attributes):
                return []
            if known is None and len(policy.resources) >= MAX_RESOURCES:
                raise RuleBrokenError(
                    f"the policy names {MAX_RESOURCES} records already",
                    code="too-many-resources",
                    field="resource_id",
                    fix="name only what must be found by a search; ask about the others one by one",
                    who_can_help=POLICY_EDITORS,
                )
            return [
                ResourceDeclared(
                    resource_type=kind, resource_id=name, owner=owner, attributes=attributes,
                    reason=reason,
                )
            ]  # fmt: skip
        case _:
            assert_never(command)


def evolve_resource(policy: Policy, event: ResourceEvent) -> Policy:
    """Return the policy after one more event."""
    place = event.resource_type, event.resource_id
    others = {where: its for where, its in policy.resources.items() if where != place}
    match event:
        case ResourceDeclared(owner=owner, attributes=attributes):
            return replace(policy, resources={**others, place: Resource(owner, attributes)})
        case ResourceWithdrawn():
            return replace(policy, resources=others)
        case _:
            assert_never(event)


def _must_be_of_others(kind: str, name: str) -> None:
    must_be_name(kind, "resource_type")
    if kind in OWN_TYPES:
        raise InvalidInputError(
            f"Daybook itself knows its records of the type {kind}",
            field="resource_type",
            fix="name records of other programs only, for example of the type record",
        )
    if not 1 <= len(name) <= LONGEST_ID or "\0" in name:
        raise InvalidInputError(
            "this cannot be the id of a record",
            field="resource_id",
            fix=f"use a text of at most {LONGEST_ID} characters",
        )
