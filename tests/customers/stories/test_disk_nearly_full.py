"""When the event store's disk is down to its reserve, nothing is written and all can be read."""

import logging

import pytest

from shared.errors import DiskNearlyFullError
from shared.projecting.canary_watch import CanaryWatch
from shared.testing.waiting import until
from tests.customers.api.asking import (
    ADA,
    Json,
    assert_problem,
    if_match,
    names_of,
    read,
    register,
    rename,
)
from tests.ground.house import House

PATH = "/v1/customers"
RESERVE = 1_000
FULL = """create function no_room() returns trigger language plpgsql as
    $$ begin raise sqlstate '53100'; end $$"""


async def free(house: House, number: int | None) -> None:
    """Let the disk have so much room, and have it looked at."""
    house.space.free = number
    await house.reserve.look()


async def writes(house: House) -> bool:
    """Say whether a change is taken; any refusal must be the disk's."""
    answer = await house.client("alice").post(PATH, json=ADA)
    if answer.status_code == 201:
        return True
    assert_problem(answer, 507, "disk-nearly-full")
    return False


async def test_writing_stops_before_the_disk_is_full_and_reading_goes_on(house: House) -> None:
    await house.start()
    alice = house.client("alice")
    ada = await register(alice, "Ada Example")
    await house.caught_up()
    await free(house, RESERVE - 1)
    before = await house.stored()
    path, change = f"{PATH}/{ada['id']}", if_match(1)
    answers = [
        await alice.post(PATH, json=ADA),
        await alice.post(PATH, json=ADA, headers={"Idempotency-Key": "new"}),
        await alice.post(f"{path}/rename", json={"name": "Other"}, headers=change),
        await alice.post(f"{path}/emails", json={"address": "a@b.example"}, headers=change),
    ]
    for answer in answers:
        problem = assert_problem(answer, 507, "disk-nearly-full")
        assert "operator" in problem["who_can_help"]
        assert "disk space" in problem["fix"]
        assert answer.headers["Retry-After"] == "60"
    assert await house.stored() == before
    assert names_of(await alice.get(PATH)) == ["Ada Example"]
    assert read(await alice.get(path))["name"] == "Ada Example"
    assert (await alice.get(f"{path}/history")).status_code == 200
    await free(house, RESERVE * 2)
    await rename(alice, ada, "Ada Other")


async def test_who_was_answered_before_is_answered_again(house: House) -> None:
    alice = house.client("alice")
    key = {"Idempotency-Key": "one"}
    first = await alice.post(PATH, json=ADA, headers=key)
    customer: Json = read(first)
    renaming = if_match(1) | {"Idempotency-Key": "two"}
    path = f"{PATH}/{customer['id']}/rename"
    await alice.post(path, json={"name": "Other"}, headers=renaming)
    await free(house, 0)
    again = await alice.post(PATH, json=ADA, headers=key)
    assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    renamed = await alice.post(path, json={"name": "Other"}, headers=renaming)
    assert renamed.status_code == 200


async def test_writing_does_not_begin_and_end_in_turn_at_the_edge(house: House) -> None:
    seen = []
    for number in (RESERVE, RESERVE - 1, RESERVE, RESERVE + 200, RESERVE + 250, RESERVE):
        await free(house, number)
        seen.append(await writes(house))
    assert seen == [True, False, False, False, True, True]


async def test_room_that_nobody_can_know_stops_nobody(house: House) -> None:
    await free(house, 0)
    assert not await writes(house)
    await free(house, None)
    assert await writes(house)
    assert house.reserve.state == "unknown"


async def test_a_disk_without_any_room_is_a_503_that_says_what_to_do(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "shared.web.problems")
    alice = house.client("alice")
    ada = await register(alice, "Ada Example")
    await house.ask("truth", FULL)
    await house.ask(
        "truth", "create trigger no_room before insert on events execute function no_room()"
    )
    answer = await alice.post(PATH, json=ADA)
    problem = assert_problem(answer, 503, "disk-full")
    assert "operator" in problem["who_can_help"]
    assert "disk space" in problem["fix"]
    assert answer.headers["Retry-After"] == "60"
    assert read(await alice.get(f"{PATH}/{ada['id']}"))["name"] == "Ada Example"
    assert [(await alice.post(PATH, json=ADA)).status_code for _ in range(3)] == [503] * 3
    (line,) = [record for record in caplog.records if record.name == "shared.web.problems"]
    assert line.getMessage() == "requests are refused because a disk is full"
    assert line.exc_info is None
    await house.ask("truth", "drop trigger no_room on events")
    await rename(alice, ada, "Ada Other")


async def test_it_is_told_once_and_as_a_number_and_no_refusal_writes_a_line(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        await free(house, 0)
        assert not await writes(house)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ["the event store's disk is nearly full: writing stops, reading goes on"]
    text = (await house.metrics.exposition("text/plain"))[0].decode()
    assert 'daybook_alarm{alarm="disk-nearly-full"} 1.0' in text
    assert 'daybook_disk_free_bytes{server="truth"} 0.0' in text


async def test_the_canary_stops_too_and_says_why(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "shared.projecting.canary")
    await free(house, 0)
    with pytest.raises(DiskNearlyFullError):
        await house.canary.send()
    assert await house.stored() == {}
    house.run(house.canary)
    await until(lambda: house.canary.problem, what="why the canary stays")
    house.clock.turn(181)
    watch = CanaryWatch(house.canary, house.meter, house.metrics)
    assert (await watch.look()).stands_at == "the store (disk-nearly-full)"
    assert [r for r in caplog.records if r.name == "shared.projecting.canary"] == []
