"""What was promised is counted: in the store, in Kafka, in the directory, by those who asked."""

from uuid import UUID

from tests.faults.audit import all_sent, assert_directory_is_exact, assert_kafka_has_the_feed
from tests.ground.house import House
from tests.soak.clients import Clients

WITHIN_SECONDS = 60.0


async def nothing_is_missing(house: House, clients: Clients) -> None:
    """Look at every event and every customer, while nobody writes; nothing is there twice."""
    await all_sent(house, WITHIN_SECONDS)
    await house.caught_up(WITHIN_SECONDS)
    # The log of a broker that was emptied under a sender may begin with a late round.
    await assert_kafka_has_the_feed(house, is_strict=False)
    await assert_directory_is_exact(house)
    rows = {row.id: row for row in await house.directory_rows()}
    assert len(rows) == len(clients.known)
    for location, known in clients.known.items():
        row = rows[UUID(location.rpartition("/")[2])]
        assert (row.version, row.name) == (known.version, known.name)
