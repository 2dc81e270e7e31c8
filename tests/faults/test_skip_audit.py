"""While eight writers write and relay and projector are killed, no event is skipped or doubled."""

from random import Random

import pytest

from tests.faults.audit import (
    all_sent,
    assert_directory_is_exact,
    assert_kafka_has_the_feed,
    assert_rounds_tile,
)
from tests.faults.conftest import Ground
from tests.faults.writers import Writers, goes_on

pytestmark = pytest.mark.journey


async def test_no_event_is_skipped_or_doubled_while_everything_is_killed_twice(
    own_ground: Ground, dice: Random
) -> None:
    house, nursery = own_ground.house, own_ground.nursery
    writers = Writers(house, dice)
    relay = await nursery.begin("relay")
    projector = await nursery.begin("projector")

    async with writers.writing():
        for _ in range(2):
            await goes_on(house.feed.sent_up_to)
            await relay.kill()
            async with writers.idle_transaction():
                relay = await nursery.begin("relay")
                await writers.go_on()
            await goes_on(house.applied)
            await projector.kill()
            projector = await nursery.begin("projector")
        await goes_on(house.applied)

    await all_sent(house)
    await house.caught_up()
    ledger = writers.ledger
    assert min(ledger.conflicts, ledger.held, len(ledger.taken_back)) > 0
    stored = await assert_kafka_has_the_feed(house)
    ids = {fact.event_id for facts in stored.values() for fact in facts}
    assert ids == {str(event_id) for event_id in ledger.promised}
    await assert_rounds_tile(house)
    await assert_directory_is_exact(house)
