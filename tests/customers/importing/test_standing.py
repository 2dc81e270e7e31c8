"""An import that fails stops no other, and how imports are is told in numbers."""

import re
from uuid import uuid4

import pytest

from services.customers.application.importing.jobs import Jobs
from services.customers.application.importing.measuring import measure_imports
from shared.errors import DiskNearlyFullError
from shared.testing.waiting import until
from tests.customers.api.asking import assert_problem, rename
from tests.customers.importing.handing_in import CSV, a_desk, lines
from tests.ground.house import House
from tests.ground.workers import a_worker

HOUR = 3600.0
DAMAGE = """update import_chunks set sealed = overlay(sealed placing '\\x00' from 20)
    where import_id = $1::uuid"""
GO_ON = "update imports set lease_until = '-infinity' where owner is null"
LEASE_RUNS_OUT = "update imports set lease_until = '-infinity'"


async def numbers_of(house: House) -> dict[str, float]:
    """Return the numbers of imports that are not 0, as /metrics has them."""
    body, _ = await house.metrics.exposition("text/plain")
    found = re.findall(r"^(daybook_import\S+) (\S+)$", body.decode(), re.MULTILINE)
    told = {name.replace("daybook_import", ""): float(value) for name, value in found}
    return {name: value for name, value in told.items() if value and "batch" not in name}


async def test_a_file_that_makes_the_worker_fail_stops_no_other_and_is_given_up(
    house: House,
) -> None:
    desk = await a_desk(house)
    damaged = await desk.hand_in(lines("name", "Ada"))
    await house.ask("truth", DAMAGE, damaged["id"])
    other = await desk.hand_in(lines("name", "Bo"))
    house.run(await a_worker(house))

    async def is_other_done() -> bool:
        return bool((await desk.told(other["id"]))["state"] == "done")

    async def is_given_up() -> bool:
        await house.ask("truth", GO_ON)
        return bool((await desk.told(damaged["id"]))["state"] == "failed")

    await until(is_other_done, what="that the other import is done")
    assert (await desk.told(damaged["id"]))["state"] == "running"
    await until(is_given_up, what="that the damaged file is given up")
    told = await desk.told(damaged["id"])
    assert "same file in again" in told["problem"]["fix"]
    assert await desk.names() == ["Bo"]


async def test_without_room_no_file_is_taken_and_none_worked_off_until_there_is_room_again(
    house: House,
) -> None:
    desk = await a_desk(house)
    waiting = await desk.hand_in(lines("name", "Ada"))
    keys = await house.ask("keys", "select count(*) from subject_keys")
    house.space.free = 0
    await house.reserve.look()
    with pytest.raises(DiskNearlyFullError):
        await desk.work()
    refused = await desk.client.post("/v1/imports", content="name\nBo\n", headers=CSV)
    assert_problem(refused, 507, "disk-nearly-full")
    assert (await desk.told(waiting["id"]))["state"] == "waiting"
    assert await house.ask("keys", "select count(*) from subject_keys") == keys
    house.space.free = 10_000
    await house.reserve.look()
    await desk.work()
    assert await desk.names() == ["Ada"]


async def test_rows_are_counted_by_what_became_of_them(house: House) -> None:
    desk = await a_desk(house)
    await desk.imported(lines("key,name", "1,Ada", "2,Bo", "3,"))
    told = await desk.imported(lines("key,name", "1,Ada L", "2,Bo", "4,Cy"))
    ada = next(row for row in await house.fold_all() if row.name == "Ada L")
    await rename(desk.client, {"id": ada.id, "version": ada.version}, "Ada Lovelace")
    await desk.undone(told["id"])
    await desk.imported(lines("key,name", "1,Ada", "5,Di"), dry_run="true")
    assert await numbers_of(house) == {
        '_rows_total{outcome="created"}': 3, '_rows_total{outcome="changed"}': 1,
        '_rows_total{outcome="unchanged"}': 1, '_rows_total{outcome="refused"}': 1,
        '_rows_total{outcome="withdrawn"}': 1, '_rows_total{outcome="left"}': 1,
        '_rows_total{outcome="checked"}': 2,
    }  # fmt: skip


async def test_an_import_that_waits_and_one_that_stands_are_told_with_their_age(
    house: House,
) -> None:
    desk = await a_desk(house)
    house.metrics.found_out_by(
        "imports", lambda: measure_imports(desk.truth, house.clock, house.metrics)
    )
    assert await numbers_of(house) == {}
    await desk.hand_in(lines("name", "Ada"))
    house.clock.turn(HOUR)
    await desk.hand_in(lines("name", "Bo"))
    waiting = await numbers_of(house)
    assert waiting['s{state="waiting"}'] == 2
    assert waiting["_queued_seconds"] >= HOUR
    assert "_still_seconds" not in waiting
    # A worker takes one and dies, and an hour later the next as well, before anything is written.
    jobs = Jobs(desk.truth, uuid4())
    await jobs.claim(house.clock.now())
    taken = await numbers_of(house)
    assert taken["_still_seconds"] < HOUR
    assert taken["_queued_seconds"] < HOUR
    house.clock.turn(HOUR)
    await house.ask("truth", LEASE_RUNS_OUT)
    await jobs.claim(house.clock.now())
    standing = await numbers_of(house)
    assert (standing['s{state="running"}'], standing['s{state="waiting"}']) == (1, 1)
    assert standing["_still_seconds"] >= HOUR
    assert standing["_queued_seconds"] >= HOUR
    await house.ask("truth", LEASE_RUNS_OUT)
    await desk.work()
    done = await numbers_of(house)
    assert done['s{state="done"}'] == 2
    assert not {"_still_seconds", "_queued_seconds"} & set(done)
