"""An api that dies before or after the append has done the command once, or not at all."""

import httpx
import pytest

from tests.faults.asking import Request, ask, begin_api, register, rename
from tests.faults.audit import assert_directory_is_exact, assert_kafka_has_the_feed
from tests.faults.conftest import Ground
from tests.faults.nursery import KILLED

pytestmark = pytest.mark.journey

APPEND = "append_to_stream"
# The api's canary is appended first, so it has the first two places; as long as nobody carries it
# to the read model there is no second one.
BEFORE, AFTER, SURVIVES = 3, 4, 5
STORED = "select count(*) as n from events where type = $1"


async def test_a_command_whose_api_died_before_or_after_the_append_happens_once(
    ground: Ground,
) -> None:
    house = ground.house

    registering = register("Ada")
    registered = await answer_at_last(ground, registering, "CustomerRegistered")
    location = registered.headers["Location"]
    renaming = rename(location, 1, "Ada Lovelace")
    renamed = await answer_at_last(ground, renaming, "CustomerRenamed")

    assert (registered.status_code, registered.headers["ETag"]) == (201, '"1"')
    assert (renamed.status_code, renamed.headers["ETag"]) == (200, '"2"')
    assert renamed.json()["name"] == "Ada Lovelace"
    await begin_api(ground)
    for request, first in ((registering, registered), (renaming, renamed)):
        again = await ask(ground, request)
        assert again is not None
        assert again.json() == first.json()
        assert again.headers["Daybook-Token"] == first.headers["Daybook-Token"]
    for role in ("relay", "projector"):
        await ground.nursery.begin(role)
    await house.caught_up()
    assert [row.version for row in await house.directory_rows()] == [2]
    await assert_directory_is_exact(house)
    await assert_kafka_has_the_feed(house)


async def answer_at_last(ground: Ground, request: Request, event: str) -> httpx.Response:
    """Send the request to an api that dies before the append, then after it, then not at all."""
    for place, stored in ((BEFORE, 0), (AFTER, 1)):
        life = await begin_api(ground, place, APPEND)
        assert await ask(ground, request) is None
        assert await life.end() == KILLED
        assert await how_many(ground, event) == stored
    life = await begin_api(ground, SURVIVES, APPEND)
    answer = await ask(ground, request)
    assert answer is not None
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert await how_many(ground, event) == 1
    await life.kill()
    return answer


async def how_many(ground: Ground, event: str) -> int:
    rows = await ground.house.ask("truth", STORED, event)
    return int(rows[0]["n"])
