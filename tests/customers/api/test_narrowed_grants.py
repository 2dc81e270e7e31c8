"""A grant that is narrowed opens nothing that is of the whole store of customers."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.customers.shipped import Shipped, a_shipped_house
from tests.ground.broker import Broker
from tests.ground.narrowing import NARROWED, PERSON, narrowed
from tests.ground.routes import declared, filled
from tests.ground.servers import Servers

NOT_OF_THE_STORE = {
    ("POST", "/v1/customers/{customer_id}/erasure/receipts"),
    ("PUT", "/v1/consumers/{name}/seen"),
    ("GET", "/v1/erasures/certificate-key"),
}
"""Of these only the account named there may do the first two; the third shows a public key.

Whatever else is no customer is of the whole store."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shipped(servers: Servers, broker: Broker) -> AsyncIterator[Shipped]:
    async with a_shipped_house(servers, broker) as its:
        yield its


async def test_what_is_no_customer_is_of_the_whole_store(shipped: Shipped) -> None:
    on_something = {
        (method, route.path)
        for route in declared(shipped.house.app)
        if route.permission is not None and not route.permission.startswith("customer:")
        for method in route.methods or ()
        if not route.everywhere
    }
    assert on_something == NOT_OF_THE_STORE


@pytest.mark.parametrize("how", NARROWED)
async def test_a_narrowed_grant_opens_nothing_of_the_whole_store(
    shipped: Shipped, how: str
) -> None:
    shipped.becomes(lambda _: narrowed(how).world)
    client, asked = shipped.house.client(PERSON), 0
    for route in declared(shipped.house.app):
        for method in route.methods or () if route.everywhere else ():
            answer = await client.request(method, filled(route.path))
            assert answer.status_code == 403, (method, route.path)
            asked += 1
    assert asked > 15
