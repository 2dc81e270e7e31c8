"""A customer is one record to whoever decides: whose it is, how secret, what conditions look at."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from services.customers.domain.customer.state import Customer
from services.customers.domain.field.rules import Fields
from shared.authorization.questions import Record
from shared.authorization.rights import Rights
from shared.authorization.scopes import Clearance
from shared.authorization.state import FieldClass

TYPE: Final = "customer"
CUSTOM: Final = "custom"


def classes_of(rights: Rights, declared: Fields) -> Mapping[str, FieldClass]:
    """Return how secret each field of customers is; a custom one is as it was declared."""
    return {
        **{
            f"{CUSTOM}.{name}": FieldClass(Clearance(field.sensitivity).rank, "mask")
            for name, field in declared.items()
        },
        **rights.basis.world.policy.classes.get(TYPE, {}),
    }


def record_of(
    rights: Rights, customer_id: UUID, customer: Customer, *, is_sealed: bool = False
) -> Record:
    """Return a customer as it is now; what conditions may look at are `facts_of_record`.

    Of one that was read sealed the tags are not known: what asks for them does not allow.
    """
    owner = None if customer.owner is None else str(customer.owner)
    stage = None if customer.is_erased else customer.stage
    tags = None if is_sealed else customer.tags
    facts = facts_of_record(customer.kind, stage, tags, is_archived=customer.is_archived)
    return rights.record(TYPE, str(customer_id), owner, facts)


def facts_of_record(
    kind: str | None, stage: str | None, tags: Sequence[str] | None, *, is_archived: bool
) -> Mapping[str, object]:
    """Return what conditions find as resource.kind, stage, tags and archived.

    What is None is missing, as the kind is of somebody not registered, and the stage of an erased
    one. The directory has a column for each (`projections.reach`): a list and a check agree.
    """
    its_tags = None if tags is None else list(tags)
    facts = {"kind": kind, "stage": stage, "tags": its_tags, "archived": is_archived}
    return {name: value for name, value in facts.items() if value is not None}
