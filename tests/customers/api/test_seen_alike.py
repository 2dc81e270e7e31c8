"""What a page shows of each customer is what that customer alone would be shown as."""

from typing import Any, Final

import pytest

from services.customers.api.sight import seen, seen_alike
from shared.authorization.fields import FieldView
from shared.authorization.scopes import Clearance
from shared.authorization.state import FieldClass

CLASSES = {
    "name": FieldClass(Clearance("internal").rank, "omit"),
    "custom": FieldClass(Clearance("internal").rank, "omit"),
    "emails": FieldClass(Clearance("confidential").rank, "mask"),
    "custom.size": FieldClass(Clearance("internal").rank, "mask"),
    "custom.score": FieldClass(Clearance("restricted").rank, "mask"),
}
MEMBERS: Final[list[dict[str, Any]]] = [
    {"id": "1", "name": "Ada", "emails": ["a@b.example"], "custom": {}},
    {"id": "2", "name": "Bo", "emails": [], "custom": {"size": "big", "score": "7"}},
    {"id": "3", "name": None, "emails": [], "custom": {"never declared": "x"}, "matched": []},
]


@pytest.mark.parametrize("clearance", [-1, *(one.rank for one in Clearance)])
async def test_a_page_shows_of_each_what_it_alone_would_be_shown_as(clearance: int) -> None:
    view = FieldView(CLASSES, clearance)
    alone = [seen(view, members) for members in MEMBERS]
    assert list(seen_alike((view, dict(members)) for members in MEMBERS)) == alone


async def test_customers_of_one_page_are_seen_with_different_clearances() -> None:
    low, high = (FieldView(CLASSES, Clearance(one).rank) for one in ("internal", "restricted"))
    pairs = [(low, MEMBERS[1]), (high, MEMBERS[1]), (low, MEMBERS[0]), (high, MEMBERS[2])]
    alone = [seen(view, members) for view, members in pairs]
    assert list(seen_alike((view, dict(members)) for view, members in pairs)) == alone
