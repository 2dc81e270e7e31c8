"""Which tags a customer has is sealed, so that no condition on them opens one to programs."""

from collections.abc import Collection, Mapping

import pytest

from services.permissions.application.questions import Entity
from services.permissions.application.resources import Known
from services.permissions.projections.customer_records import Customer
from tests.permissions.api.test_authzen_decisions import (
    FRIEND,
    OneCustomer,
    a_role,
    a_story,
    asked,
    evaluate,
    evaluator,
)
from tests.shared.authorization.story import ANA, BEN, CAT

VIP = {"attribute": "resource.tags", "is": "contains", "value": "vip"}
PRESENT = {"attribute": "resource.tags", "is": "present"}
ABSENT = {"attribute": "resource.tags", "is": "absent"}


class AsProjected(OneCustomer):
    """The customer as the read model knows it."""

    async def now(self, ids: Collection[str]) -> Mapping[str, Known]:
        return {one: Customer(ANA, "person", "lead", False, False) for one in ids}


@pytest.mark.parametrize(
    "condition",
    [
        VIP,
        {"not": VIP},
        PRESENT,
        {"not": PRESENT},
        ABSENT,
        {"not": ABSENT},
        {"any": [ABSENT, PRESENT]},
        {"attribute": "resource.tags", "is": "eq", "to": "resource.tags"},
        {"attribute": "resource.kind", "is": "not_in", "to": "resource.tags"},
    ],
)
async def test_no_grant_that_depends_on_tags_opens_a_customer_and_each_denial_holds(
    condition: Mapping[str, object],
) -> None:
    story = a_story().person(CAT)
    a_role(story, "reader", "customer:read", "all/internal")
    story.policy("RoleDefined", role="tagged", level=10, title={"en": "tagged"})
    story.allow("tagged", "customer:read", "all/internal", condition=condition)
    story.give(BEN, "reader").give(ANA, "tagged").give(CAT, "reader")
    story.give(CAT, permission="customer:read", effect="deny", condition=condition)
    its = evaluator(story, AsProjected())
    said = Entity("customer", "c-1", {"tags": ["vip"]})
    for name, is_allowed in (("ben", True), ("ana", False), ("cat", False)):
        assert (await evaluate(its, asked(name, "read", said), FRIEND)).allowed is is_allowed
