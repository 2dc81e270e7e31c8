"""A projector that is killed anywhere in a rebuild or in its handover costs nothing but time."""

from shared.testing.waiting import until
from tests.faults.audit import all_sent
from tests.faults.conftest import Ground
from tests.faults.nursery import KILLED
from tests.faults.two_customers import TwoCustomers

BEGIN = "select make_projection_version('directory', 'test')"
LEASES_RUN_OUT = "update projection_versions set lease_until = '-infinity'"
STATES = "select version, state from projection_versions"
PLACES = (
    "before fetchval update projection_versions",
    "after fetchval update projection_versions",
    "before execute insert into directory",
    "after fetchval with moved",
    "before execute select swap_projection_version",
    "after execute select swap_projection_version",
    "after execute select pg_notify",
)


async def test_a_projector_killed_anywhere_in_a_rebuild_lets_the_next_one_end_it(
    ground: Ground,
) -> None:
    house, nursery = ground.house, ground.nursery
    customers = TwoCustomers(house)
    await customers.register()
    await nursery.begin("relay")
    for _ in range(20):
        await customers.change()
    await all_sent(house)
    life = await nursery.begin("projector")
    await house.caught_up()
    await life.kill()
    await house.ask("views", BEGIN)

    for place in PLACES:
        life = await nursery.begin("projector", 1, text=place)
        assert await life.end() == KILLED, f"nobody died {place}"
        await house.ask("views", LEASES_RUN_OUT)

    await nursery.begin("projector")

    async def it_answers() -> bool:
        found = await house.ask("views", STATES)
        return {row["version"]: row["state"] for row in found} == {1: "previous", 2: "current"}

    await until(it_answers, what="that the new version answers")
    await customers.change()
    await house.caught_up()
    assert await house.directory_rows() == await house.fold_all()
