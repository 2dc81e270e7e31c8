"""What a user sees of activity: live figures that say what they are, daily ones that are exact."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from services.customers.streams.activity import Activity, latest_activity
from services.customers.streams.events import ActivityCounted
from shared.messaging.publishing import Publisher
from shared.messaging.streams import LiveStream
from shared.testing.waiting import until
from tests.customers.streams.daily import figures, new_daily_projector, of_day, stored, total
from tests.ground.house import House
from tests.ground.tasks import Runs

WITHIN = 30.0


async def register(client: httpx.AsyncClient, number: int) -> dict[str, str]:
    """Register so many customers; return the headers with which one's own writes are read."""
    headers: dict[str, str] = {}
    for n in range(number):
        answer = await client.post("/v1/customers", json={"kind": "person", "name": f"A {n}"})
        assert answer.status_code == 201
    headers["Daybook-Token"] = answer.headers["Daybook-Token"]
    return headers


def worker(house: House) -> Runs:
    """Return a worker that counts the house's events."""
    publisher = Publisher(house.kafka, house.activity, "customers")
    activity = Activity(
        lambda: latest_activity(house.kafka, house.activity, house.clock), publisher, house.clock
    )
    stream = LiveStream(
        f"activity-{uuid4().hex[:8]}", house.topic, house.followed.source, activity, house.kafka,
        house.clock, house.metrics,
    )  # fmt: skip

    class Worker:
        async def run(self, stop: asyncio.Event) -> None:
            try:
                await stream.run(stop)
            finally:
                await publisher.close()

    return Worker()


async def test_live_activity_is_by_type_in_moving_windows_and_says_that_it_is_approximate(
    house: House,
) -> None:
    await house.start()
    alice, stop = house.client("alice"), asyncio.Event()
    nothing = (await alice.get("/v1/activity")).json()
    assert nothing["as_of"] is None
    assert [window["total"] for window in nothing["windows"]] == [0, 0]
    await house.canary.send()
    await register(alice, 7)
    house.run(house.live)
    running = asyncio.ensure_future(worker(house).run(stop))

    async def total_of_the_hour() -> bool:
        return bool((await alice.get("/v1/activity")).json()["windows"][1]["total"] >= 7)

    await until(total_of_the_hour, WITHIN, what="that the events are counted")
    stop.set()
    await running

    seen = (await alice.get("/v1/activity")).json()
    assert seen["live"] is True
    assert seen["approximate"] is True
    assert seen["as_of"] is not None
    minute, hour = seen["windows"]
    assert (minute["seconds"], hour["seconds"]) == (60, 3600)
    # At least: a relay that begins again sends what was not acknowledged twice, and so it counts.
    [counted] = hour["counts"]
    assert (counted["event_type"], counted["stage"]) == ("CustomerRegistered", None)
    assert counted["count"] == hour["total"] >= 7

    house.clock.turn(1800)
    later = (await alice.get("/v1/activity")).json()
    assert [window["total"] for window in later["windows"]] == [0, hour["total"]]
    house.clock.turn(1860)
    assert (await alice.get("/v1/activity")).json()["windows"][1]["total"] == 0


async def test_daily_figures_are_those_of_the_store_each_event_once(house: House) -> None:
    await house.start()
    house.run(await new_daily_projector(house))
    alice = house.client("alice")
    await house.canary.send()
    await register(alice, 5)
    first_day = house.clock.now().date()
    house.clock.turn(86_400)
    token = await register(alice, 3)
    house.run(await new_daily_projector(house))

    answer = await alice.get("/v1/activity/daily", headers=token | {"Prefer": "wait=20"})
    assert answer.status_code == 200
    await until(lambda: _is_level(house), WITHIN, what="that every event is counted")
    found = (await alice.get("/v1/activity/daily")).json()
    assert found["exact"] is True
    assert found["items"] == [
        {"day": first_day.isoformat(), "event_type": "CustomerRegistered", "count": 5},
        {
            "day": (first_day + timedelta(days=1)).isoformat(),
            "event_type": "CustomerRegistered",
            "count": 3,
        },
    ]
    one = await alice.get(f"/v1/activity/daily?from={first_day}&to={first_day}")
    assert [item["count"] for item in one.json()["items"]] == [5]
    assert of_day(first_day, await figures(house)) == {"CustomerRegistered": 5}


async def test_daily_figures_are_built_anew_to_the_same_numbers(house: House) -> None:
    await house.start()
    projector = await new_daily_projector(house)
    house.run(projector)
    await register(house.client("alice"), 6)
    await until(lambda: _is_level(house), WITHIN, what="that every event is counted")

    number = await projector.versions.begin("a test")

    async def is_swapped() -> bool:
        return any(
            v.number == number and v.state == "current" for v in await projector.versions.read()
        )

    await until(is_swapped, WITHIN, what="the new version")
    assert await figures(house) == await stored(house)


@pytest.mark.parametrize(
    "query", ["from=tomorrow", "from=2026-02-30", "to=20260101", "from=2026-02-01&to=2026-01-01",
              "from=2020-01-01&to=2026-01-01"],
)  # fmt: skip
async def test_days_that_cannot_be_meant_are_refused_with_a_way_to_mend_it(
    house: House, query: str
) -> None:
    answer = await house.client("alice").get(f"/v1/activity/daily?{query}")
    assert answer.status_code == 422
    assert answer.json()["field"] in {"from", "to"}


def test_the_contract_says_that_the_figures_are_approximate() -> None:
    assert ActivityCounted.model_json_schema()["properties"]["is_approximate"]["const"] is True


async def _is_level(house: House) -> bool:
    return total(await figures(house)) == total(await stored(house))
