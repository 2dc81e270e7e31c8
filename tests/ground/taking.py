"""A house whose projector takes orders, and a directory that raises where a test says so."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg

from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory import Directory
from services.customers.storage.codec import CODEC
from shared.projecting.applied import AppliedEvent
from shared.projecting.order_taker import Handler, OrderTaker
from shared.projecting.orders import Kind, Orders
from shared.projecting.retrying import Retrying
from shared.projecting.verify_orders import VerifyParts, verify_orders
from shared.security.cipher_cache import CipherCache
from shared.security.subject_keys import SubjectKeys
from shared.testing.waiting import until
from tests.customers.api.asking import Json, read
from tests.ground.house import House

AT_ONCE = 1e9


class PoisonedDirectory(Directory):
    """Raises at an event of that type about one of these customers, unless it was discarded."""

    def __init__(self) -> None:
        self.poison: set[tuple[str, str]] = set()
        self.poisons_all = False

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Apply the events, then raise if one of them is poison."""
        await super().apply(connection, events)
        for each in events:
            its = each.received
            is_poison = self.poisons_all or (its.subject, its.type) in self.poison
            if each.event is not None and is_poison:
                raise ValueError("poison")


async def new_taker(house: House) -> OrderTaker:
    """Return one more taker of the orders about the house's directory, not running."""
    lanes = await house.lanes(house.databases.views_dsn, "projector", 4)
    keys = SubjectKeys(await house.lanes(house.databases.keys_dsn, "projector", 1), house.master)
    ciphers = CipherCache(keys, house.clock)
    its = Retrying(house.directory, lanes, CODEC, ciphers, house.clock)
    orders = Orders(lanes, uuid4())
    truth = await house.lanes(house.databases.truth_dsn, "projector", 1)
    verifying = VerifyParts(
        house.directory, house.followed, lanes, truth, CODEC, ciphers, orders, AT_ONCE
    )
    handlers: dict[Kind, Handler] = {
        "retry": its.retry,
        "discard": its.discard,
        **verify_orders(verifying),
    }
    return OrderTaker(orders, lanes, DIRECTORY, handlers)


async def ordered(house: House, **body: object) -> Json:
    """Place an order about the directory as the operator and return it when it has ended."""
    oscar = house.client("oscar")
    answer = await oscar.post(f"/v1/projections/{DIRECTORY}/orders", json=body)
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"]

    async def has_ended() -> bool:
        return read(await oscar.get(place))["state"] in {"done", "failed"}

    await until(has_ended, what="that the order has ended")
    return read(await oscar.get(place))


def stream_of(customer_id: str | UUID) -> str:
    """Return the stream of a customer."""
    return f"customer-{customer_id}"
