"""A worker that is killed at any moment of an import costs nothing but time: each row once."""

import csv
import io
import random

from shared.testing.waiting import until
from tests.customers.api.asking import read
from tests.faults.conftest import Ground
from tests.faults.nursery import KILLED

# Seven batches: the lives below write five of them at most before the last one begins.
ROWS = 7_000
REFUSED_EACH = 10
BEFORE = "before fetchrow select * from import_step"
PLACES = (
    "after fetchval update imports i set owner",
    "before fetch insert into subject_keys",
    "after fetch insert into subject_keys",
    BEFORE,
    "after fetchrow select * from import_step",
    "before execute update imports set state",
    "after execute update imports set state",
)
LEASE_RUNS_OUT = "update imports set lease_until = '-infinity'"
ONCE = """select count(*) as customers, count(distinct r.number) as rows,
        (select count(*) from events e where e.connection = 'import-' || $1) as events,
        (select count(*) from import_notes n where n.import_id = $1::uuid) as notes
    from import_rows r where r.import_id = $1::uuid"""


async def test_a_worker_killed_anywhere_in_an_import_lets_the_next_one_go_on(
    ground: Ground, dice: random.Random
) -> None:
    house, nursery = ground.house, ground.nursery
    alice = house.client("alice")
    rows = (f"{n},{'' if n % REFUSED_EACH == 0 else f'Person {n}'}" for n in range(ROWS))
    answer = await alice.post(
        "/v1/imports",
        content="\n".join(["key,name", *rows]).encode(),
        headers={"Content-Type": "text/csv"},
    )
    its = read(answer)["id"]

    places = list(PLACES[:-2]) * 2
    dice.shuffle(places)
    for place in [*places, *PLACES[-2:]]:
        # At the first batch of a life, or at the one behind it.
        at = dice.choice((1, 2)) if place == BEFORE else 1
        life = await nursery.begin("worker", at, text=place)
        assert await life.end() == KILLED, f"nobody died {place}"
        await house.ask("truth", LEASE_RUNS_OUT)
    await nursery.begin("worker")

    async def is_done() -> bool:
        return bool(read(await alice.get(f"/v1/imports/{its}"))["state"] == "done")

    await until(is_done, what="that the import ends")
    refused = ROWS // REFUSED_EACH
    told = read(await alice.get(f"/v1/imports/{its}"))
    assert (told["rows"], told["counts"]["created"], told["counts"]["refused"]) == (
        ROWS, ROWS - refused, refused,
    )  # fmt: skip
    (once,) = await house.ask("truth", ONCE, its)
    assert dict(once) == {
        "customers": ROWS - refused, "rows": ROWS - refused, "events": ROWS - refused,
        "notes": refused,
    }  # fmt: skip
    errors = (await alice.get(f"/v1/imports/{its}/errors")).text
    numbers = [int(row["key"]) for row in csv.DictReader(io.StringIO(errors))]
    assert numbers == list(range(0, ROWS, REFUSED_EACH))
