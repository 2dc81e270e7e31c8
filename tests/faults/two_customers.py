"""Two customers in two partitions: the least that a round or a batch of several parts needs."""

from uuid import UUID

from uuid6 import uuid7

from services.customers.domain.customer.commands import RegisterCustomer, RenameCustomer
from services.customers.domain.customer.state import CustomerEmail
from shared.authorization.people import DEMO_PEOPLE
from tests.ground.house import House

ACTOR = DEMO_PEOPLE["alice"].subject


class TwoCustomers:
    """Each change of both is two events to send and to apply."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._by_partition: dict[int, UUID] = {}
        self._changes = 0

    async def register(self) -> None:
        """Register customers until two partitions have one each."""
        while len(self._by_partition) < 2:
            made = await self._house.commands.register_customer(
                RegisterCustomer("person", "Ada", (CustomerEmail(uuid7(), "ada@example.test"),)),
                actor=ACTOR,
                may=None,
            )
            self._by_partition[made.token.partition] = made.customer.id

    async def change(self) -> None:
        """Rename both."""
        self._changes += 1
        for customer_id in self._by_partition.values():
            before = await self._house.reader.load(customer_id)
            await self._house.commands.change_customer(
                customer_id,
                before.version,
                RenameCustomer(f"Ada {self._changes}"),
                actor=ACTOR,
                may=None,
            )
