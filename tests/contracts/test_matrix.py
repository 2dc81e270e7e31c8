"""The permission matrix says of routes and roles exactly what is decided."""

import re
from collections.abc import Iterator

import pytest

from cli.contracts.matrix import permission_matrix
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from tests.customers.api.every_route import EVERY_ROUTE as OF_CUSTOMERS
from tests.ground.rights import demo_decisions
from tests.permissions.api.test_guards import EVERY_ROUTE as OF_PERMISSIONS

MATRIX = permission_matrix()


def rows(heading: str) -> Iterator[list[str]]:
    """Yield the cells of a chapter's table, without its head."""
    _, _, chapter = MATRIX.partition(f"## {heading}\n")
    lines = [line for line in chapter.split("\n## ")[0].splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]


REACH = {
    permission: dict(one.split(" ", 1) for one in filter(None, told.split("; ")))
    for permission, _, _, told in rows("Permissions")
}


@pytest.mark.parametrize("person", DEMO_PEOPLE)
def test_whom_the_page_gives_a_permission_has_it_and_nobody_else(person: str) -> None:
    roles = ["joiner", *DEMO_PEOPLE[person].role.split(", ")]
    rights = demo_decisions().rights(person)
    for permission in Permission:
        told = any(role in REACH[permission] for role in roles)
        assert rights.may(permission) is told, permission


def test_what_a_role_has_from_its_parents_is_there_and_nothing_that_reaches_no_further() -> None:
    assert REACH["customer:read"]["sales_rep"] == "own/confidential or team/internal"
    assert REACH["customer:read"]["sales_manager"] == "department/confidential"
    assert REACH["customer:change"]["crm_admin"] == "all/confidential"
    assert REACH["grant:request"]["sales_rep"] == "own/internal"
    assert "sales_manager" not in REACH["customer:erase"]


@pytest.mark.parametrize(
    ("service", "routes"), [("customers", OF_CUSTOMERS), ("permissions", OF_PERMISSIONS)]
)
def test_every_route_stands_there_with_its_permission(
    service: str, routes: dict[tuple[str, str], Permission | None]
) -> None:
    told = {tuple(route.split(" ", 1)): needs for route, needs, _ in rows(f"Routes of {service}")}
    for route, permission in routes.items():
        assert told[route].split(" ")[0] == (permission or "none"), route
    signed_in = {route for route, needs in told.items() if needs != "none"}
    assert signed_in == {route for route, permission in routes.items() if permission is not None}


def test_what_shows_the_whole_store_is_for_whoever_may_see_every_record() -> None:
    (feed,) = (row for row in rows("Routes of customers") if row[0] == "GET /v1/feed")
    assert feed[1] == "feed:read for every record"
    assert set(feed[2].split(", ")) == set(REACH["feed:read"])
    assert re.fullmatch(r"(\w+(, )?)+", feed[2])
