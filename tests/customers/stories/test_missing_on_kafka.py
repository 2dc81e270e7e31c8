"""What Kafka does not have any more is taken from the store, so that nobody waits for ever."""

import random

import pytest

from shared.testing.waiting import until
from tests.customers.rebuilding import Rebuilding
from tests.ground.house import House
from tests.ground.projectors import new_projector

# The relay believes that Kafka has what is stored now.
BELIEVE = """insert into relay_checkpoints
    (topic, partition, epoch, txid, position, feed_position)
    select $1, e.partition, 1, max(e.txid), max(e.position), count(*)
    from events e group by e.partition"""


async def test_a_gap_that_stays_is_filled_from_the_store(
    house: House, dice: random.Random, caplog: pytest.LogCaptureFixture
) -> None:
    projector = await new_projector(house)
    rebuilding = Rebuilding(house, projector, dice)
    await rebuilding.register(30)
    await house.ask("truth", BELIEVE, house.topic.name)
    await house.start(runner=False)
    house.run(projector)
    lost = await house.stored()
    while any(n == lost.get(p) for p, n in (await house.stored()).items()):
        await rebuilding.register(1)
    await until(lambda: gaps(caplog) == set(lost), what="that every gap is met")
    house.clock.turn(10)
    await house.caught_up()
    assert await house.directory_rows() == await house.fold_all()


def gaps(caplog: pytest.LogCaptureFixture) -> set[int]:
    """Return the partitions of which a gap was told."""
    told = [line for line in caplog.records if line.message.startswith("a gap")]
    return {line.__dict__["partition"] for line in told}
