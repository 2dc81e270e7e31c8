"""A role of the service dies at the first call, then at the second…, until a life survives."""

from collections.abc import Awaitable, Callable

from tests.faults.audit import all_sent
from tests.faults.nursery import KILLED, Nursery
from tests.ground.house import House

MOST_LIVES = 60


async def die_everywhere(
    nursery: Nursery,
    role: str,
    whole: str,
    something_new: Callable[[], Awaitable[None]],
    heal: Callable[[], Awaitable[None]],
    *wanted: str,
) -> None:
    """Let a life die at every place in turn and be healed, until one survives.

    A life survives when it is past the call named like `whole`, the last of a round or batch. No
    two lives are quite alike, so one more dies at each of the `wanted` places where none did.
    """
    places: list[str] = []
    while len(places) < MOST_LIVES:
        await something_new()
        # What lies behind one call lies before the next one, so "before" is every gap.
        life = await nursery.begin(role, len(places) + 1, text="before ", ends_after=whole)
        code = await life.end()
        await heal()
        if code != KILLED:
            assert code == 0, f"a life ended with {code}"
            break
        places.append(str(life.place))
    else:
        raise AssertionError(f"nobody survived in {MOST_LIVES} lives")
    for want in wanted:
        if not any(place.startswith(want) for place in places):
            await something_new()
            life = await nursery.begin(role, 1, text=want, ends_after=whole)
            assert await life.end() == KILLED, f"nobody died {want}: {places}"
            await heal()


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
    await house.ask("truth", "delete from relay_members")


def assert_died_at(places: list[str], *wanted: str) -> None:
    """These places were among those tried; else the test has lost what it was made for."""
    for want in wanted:
        assert any(place.startswith(want) for place in places), f"nobody died {want}: {places}"
