"""Whose changes pass by somebody who may not see them is refused nothing, and nothing says so."""

import pytest

from services.customers.api.sight import Sight
from services.customers.domain.field.rules import NO_FIELDS
from shared.authorization.permissions import Permission
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Noted, Rights
from shared.errors import NotFoundError
from tests.shared.authorization.story import ANA, BEN, NOON, a_story


async def test_what_passes_by_is_no_refusal_and_what_was_asked_for_is_one() -> None:
    story = a_story().role("rep", customer_read="own/restricted").give(ANA, "rep")
    noted: list[Noted] = []
    rights = Rights(Basis(story.world, 1, moment(NOON), 0.0), ANA, noted=noted.append)
    sight, read = Sight(rights, NO_FIELDS), Permission.CUSTOMERS_READ
    bens = rights.record("customer", "c", BEN)
    assert sight.view(read, bens) is None
    assert noted == []
    with pytest.raises(NotFoundError):
        sight.require(read, bens)
    assert [one[3][0] for one in noted] == [False]
    assert sight.view(read, rights.record("customer", "d", ANA)) is not None
    assert [one[3][0] for one in noted] == [False, True]
