"""What a customer is: name, kind, stage, owner, tags, custom fields, archived or not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal, assert_never

from services.customers.domain.customer.commands import (
    AssignCustomer,
    LifeCommand,
    MoveCustomerToStage,
    ReclassifyCustomer,
    RenameCustomer,
    SetCustomerFields,
    TagCustomer,
    UntagCustomer,
)
from services.customers.domain.customer.events import (
    CustomerArchived,
    CustomerAssigned,
    CustomerFieldsSet,
    CustomerReclassified,
    CustomerRenamed,
    CustomerRestored,
    CustomerStageChanged,
    CustomerTagged,
    CustomerUntagged,
    CustomValue,
    FieldValues,
    LifeEvent,
    NameDetails,
    Reason,
    Stage,
    TagDetails,
)
from services.customers.domain.customer.state import Customer, erased
from shared.errors import YOURSELF, RuleBrokenError

MAX_TAGS: Final = 50
FORWARD, BACK = "forward", "back"
STAGES: Final[Mapping[Stage, Mapping[Stage, Literal["forward", "back"]]]] = {
    "lead": {"prospect": "forward", "active": "forward", "closed": "forward"},
    "prospect": {"lead": "back", "active": "forward", "closed": "forward"},
    "active": {"prospect": "back", "dormant": "forward", "closed": "forward"},
    "dormant": {"active": "forward", "closed": "forward"},
    "closed": {"lead": "back", "prospect": "back", "active": "back"},
}
"""From each stage the stages that may follow; going back needs a reason."""


def decide_life(customer: Customer, command: LifeCommand) -> list[LifeEvent]:
    """Return what follows; nothing where nothing changes.

    Raises:
        RuleBrokenError: the customer's state forbids it.
    """
    match command:
        case RenameCustomer(name=name):
            is_new = customer.name != name
            return [CustomerRenamed(personal=NameDetails(name=name))] if is_new else []
        case ReclassifyCustomer():
            return _reclassify(customer, command)
        case AssignCustomer(owner=owner):
            return [CustomerAssigned(owner=owner)] if customer.owner != owner else []
        case MoveCustomerToStage():
            return _move(customer, command)
        case TagCustomer():
            return _tag(customer, command)
        case UntagCustomer():
            return _untag(customer, command)
        case SetCustomerFields(values=values):
            now = customer.custom
            other = {name: value for name, value in values.items() if now.get(name) != value}
            return [CustomerFieldsSet(personal=FieldValues(values=other))] if other else []
        case _:
            assert_never(command)


def evolve_life(customer: Customer, event: LifeEvent) -> Customer:
    """Return the customer after one more event about what it is."""
    if isinstance(event, CustomerReclassified):
        # Not personal: an erased customer is still known as what it was.
        return replace(customer, kind=event.kind)
    if customer.is_erased:
        return customer
    match event:
        case CustomerAssigned():
            return replace(customer, owner=event.owner)
        case CustomerStageChanged():
            return replace(customer, stage=event.stage)
        case CustomerArchived():
            return replace(customer, is_archived=True)
        case CustomerRestored():
            return replace(customer, is_archived=False)
        case CustomerRenamed() | CustomerTagged() | CustomerUntagged() | CustomerFieldsSet():
            return _told(customer, event)
        case _:
            assert_never(event)


def sorted_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags as they are kept: in alphabetical order, each once whatever its case."""
    known = {tag.casefold(): tag for tag in reversed(tags)}
    return tuple(known[folded] for folded in sorted(known))


def refuse_too_many_tags(tags: tuple[str, ...]) -> None:
    """Raise RuleBrokenError if a customer cannot have so many tags."""
    if len(tags) > MAX_TAGS:
        raise RuleBrokenError(
            f"a customer has at most {MAX_TAGS} tags",
            code="too-many-tags",
            field="tags",
            fix="take away those that nobody looks for",
            who_can_help=YOURSELF,
        )


def with_values(
    custom: Mapping[str, CustomValue], values: Mapping[str, CustomValue | None]
) -> Mapping[str, CustomValue]:
    """Return custom fields with these values; None takes a value away."""
    after = {**custom, **values}
    return {name: value for name, value in sorted(after.items()) if value is not None}


def _told(
    customer: Customer,
    event: CustomerRenamed | CustomerTagged | CustomerUntagged | CustomerFieldsSet,
) -> Customer:
    match event:
        case CustomerRenamed(personal=NameDetails(name=name)):
            return replace(customer, name=name)
        case CustomerTagged(personal=TagDetails(tags=tags)):
            return replace(customer, tags=sorted_tags((*customer.tags, *tags)))
        case CustomerUntagged(personal=TagDetails(tags=tags)):
            gone = {tag.casefold() for tag in tags}
            return replace(
                customer, tags=tuple(t for t in customer.tags if t.casefold() not in gone)
            )
        case CustomerFieldsSet(personal=FieldValues(values=values)):
            return replace(customer, custom=with_values(customer.custom, values))
        case _:
            return erased(customer)


def _reclassify(customer: Customer, command: ReclassifyCustomer) -> list[LifeEvent]:
    if customer.kind == command.kind:
        return []
    if customer.links:
        raise RuleBrokenError(
            "this person has roles in organisations, and an organisation has none",
            code="customer-has-links",
            field="kind",
            fix="unlink the person from its organisations first",
            who_can_help=YOURSELF,
        )
    return [CustomerReclassified(kind=command.kind)]


def _move(customer: Customer, command: MoveCustomerToStage) -> list[LifeEvent]:
    if customer.stage == command.stage:
        return []
    way = STAGES[customer.stage].get(command.stage)
    if way is None:
        raise RuleBrokenError(
            f"a customer cannot go from {customer.stage} to {command.stage}",
            code="stage-not-reachable",
            field="stage",
            fix=f"from {customer.stage} it can go to {', '.join(STAGES[customer.stage])}",
            who_can_help=YOURSELF,
        )
    if way == "back" and command.reason is None:
        raise RuleBrokenError(
            f"going back from {customer.stage} to {command.stage} needs a reason",
            code="stage-needs-reason",
            field="reason",
            fix="say why in `reason`; the history shows it",
            who_can_help=YOURSELF,
        )
    told = None if command.reason is None else Reason(reason=command.reason)
    return [CustomerStageChanged(stage=command.stage, personal=told)]


def _tag(customer: Customer, command: TagCustomer) -> list[LifeEvent]:
    known = {tag.casefold() for tag in customer.tags}
    new = tuple(tag for tag in sorted_tags(command.tags) if tag.casefold() not in known)
    refuse_too_many_tags((*customer.tags, *new))
    return [CustomerTagged(personal=TagDetails(tags=new))] if new else []


def _untag(customer: Customer, command: UntagCustomer) -> list[LifeEvent]:
    unwanted = {tag.casefold() for tag in command.tags}
    gone = tuple(tag for tag in customer.tags if tag.casefold() in unwanted)
    return [CustomerUntagged(personal=TagDetails(tags=gone))] if gone else []
