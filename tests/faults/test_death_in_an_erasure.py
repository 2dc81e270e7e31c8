"""An erasure that dies between any two steps ends erased: the next api to start finishes it."""

from uuid import UUID

import pytest
from uuid6 import uuid7

from services.customers.application.erasing import STREAMS
from services.customers.domain.customer.commands import RegisterCustomer
from services.customers.domain.customer.state import CustomerEmail
from shared.testing.waiting import until
from tests.faults.audit import read_topic
from tests.faults.conftest import Ground
from tests.faults.lives import MOST_LIVES, assert_died_at
from tests.faults.nursery import KILLED
from tests.faults.two_customers import ACTOR

pytestmark = pytest.mark.journey

PERSONAL = (b"Ada", b"ada@home.example")
STARTED = "before fetchrow select * from append_to_streams"
DESTROYED = "before fetch insert into subject_keys (kid, wrapped, destroyed_at)"
TOLD = "before fetchrow select * from append_to_stream("


async def test_an_erasure_killed_between_any_two_calls_ends_erased_or_was_never_begun(
    ground: Ground,
) -> None:
    house, nursery = ground.house, ground.nursery
    for role in ("relay", "projector"):
        await nursery.begin(role)
    places: list[str] = []
    erased: list[UUID] = []
    while len(places) < MOST_LIVES:
        ada = await registered(ground)
        life = await nursery.begin(f"erase-{ada}", len(places) + 1, text="before ")
        code = await life.end()
        if await is_begun(ground, ada):
            await let_an_api_finish(ground, ada)
            erased.append(ada)
        if code != KILLED:
            assert code == 0, f"a life ended with {code}"
            break
        places.append(str(life.place))

    assert_died_at(places, STARTED, DESTROYED, TOLD)
    await house.caught_up()
    rows = {row.id: row for row in await house.directory_rows()}
    assert list(rows.values()) == await house.fold_all()
    assert len(erased) < len(rows) == len(places) + 1
    assert {i for i, row in rows.items() if row.is_erased and row.name is None} == set(erased)
    values = [event.data for events in (await read_topic(house.kafka)).values() for event in events]
    assert len(values) == sum((await house.stored()).values())
    assert not [value for value in values if any(personal in value for personal in PERSONAL)]


async def registered(ground: Ground) -> UUID:
    made = await ground.house.commands.register_customer(
        RegisterCustomer("person", "Ada", (CustomerEmail(uuid7(), "ada@home.example"),)),
        actor=ACTOR,
        may=None,
    )
    return made.customer.id


async def is_begun(ground: Ground, customer_id: UUID) -> bool:
    """Say whether the erasure is durable: both streams have it, or neither."""
    store = ground.house.store
    is_open = await store.version_of(f"{STREAMS}{customer_id}") > 0
    assert (await store.version_of(f"customer-{customer_id}") > 1) == is_open
    return is_open


async def let_an_api_finish(ground: Ground, customer_id: UUID) -> None:
    """Start an api, and end it once the customer is erased, its key destroyed."""
    house = ground.house
    life = await ground.nursery.begin("api")

    async def is_erased() -> bool:
        events = await house.store.load(f"customer-{customer_id}")
        return [e.type for e in events[1:]] == ["CustomerErasureStarted", "CustomerErased"]

    await until(is_erased, what="that the erasure is finished")
    await life.kill()
    kid = (await house.reader.load(customer_id)).kid
    assert (await house.keys.read([kid]))[kid] is None
