"""A role of the service dies at the first call, then at the second…, until a life survives."""

from collections.abc import Awaitable, Callable

from shared.authorization.people import DEMO_PEOPLE
from tests.faults.audit import all_sent
from tests.faults.nursery import KILLED, Nursery
from tests.ground.house import House

ACTOR = DEMO_PEOPLE["alice"].subject
MOST_LIVES = 120


class TwoCustomers:
    """Two customers in two partitions; each change of both is two events to send and to apply."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._changes = 0

    async def register(self) -> None:
        """Register customers until two partitions have one each."""
        self._by_partition = {}
        while len(self._by_partition) < 2:
            made = await self._house.commands.register_customer(
                "person", "Ada", ["ada@example.test"], actor=ACTOR
            )
            self._by_partition[made.token.partition] = made.customer.id

    async def change(self) -> None:
        """Rename both."""
        self._changes += 1
        for customer_id in self._by_partition.values():
            before = await self._house.reader.load(customer_id)
            await self._house.commands.rename_customer(
                customer_id, before.version, f"Ada {self._changes}", actor=ACTOR
            )


async def die_everywhere(
    nursery: Nursery,
    role: str,
    whole: str,
    something_new: Callable[[], Awaitable[None]],
    heal: Callable[[], Awaitable[None]],
) -> list[str]:
    """Let a life die at every place in turn and be healed; return the places once one survives.

    A life survives when it is past the call named like `whole`, the last of a round or batch.
    """
    places: list[str] = []
    while len(places) < MOST_LIVES:
        await something_new()
        life = await nursery.begin(role, len(places) + 1, ends_after=whole)
        code = await life.end()
        await heal()
        if code != KILLED:
            assert code == 0, f"a life ended with {code}"
            return places
        places.append(str(life.place))
    raise AssertionError(f"nobody survived in {MOST_LIVES} lives")


async def relay_heals(house: House, nursery: Nursery) -> None:
    """Let a relay without a doom send what is left; killed once idle, it leaves its lease."""
    await let_leases_run_out(house)
    life = await nursery.begin("relay")
    await all_sent(house)
    await life.kill()
    await let_leases_run_out(house)


async def projector_heals(house: House, nursery: Nursery) -> None:
    """Let a projector without a doom apply what is left; killed once idle, it leaves nothing."""
    life = await nursery.begin("projector")
    await house.caught_up()
    await life.kill()


async def let_leases_run_out(house: House) -> None:
    """Let the two seconds pass that a dead relay still holds its partitions."""
    await house.ask("truth", "update relay_checkpoints set lease_until = '-infinity'")


def assert_died_at(places: list[str], *wanted: str) -> None:
    """These places were among those tried; else the test has lost what it was made for."""
    for want in wanted:
        assert any(place.startswith(want) for place in places), f"nobody died {want}: {places}"
