"""What leaves as a file comes back as it was: importing an export changes nothing."""

import csv
import io
import random
from typing import Any

import orjson

from tests.customers.api.asking import Json, read
from tests.customers.importing.handing_in import CSV, NDJSON, Desk, a_desk, counts
from tests.ground.house import House

ALPHABET = "aB é=+-@';,\"\\[]{}:|王海ßا\u0301"
TYPES = [None, "work", "home"]
FIELDS: dict[str, Json] = {
    "size": {"type": "number"},
    "colours": {"type": "choices", "choices": ["red", "blue"]},
    "good": {"type": "boolean"},
    "words": {"type": "text"},
}


def made_up(dice: random.Random, number: int) -> Json:
    """Return somebody whose every text is odd."""

    def odd(most: int = 12) -> str:
        return "x" + "".join(dice.choice(ALPHABET) for _ in range(dice.randint(1, most)))

    def some(make: Any, most: int = 3) -> list[Any]:  # noqa: ANN401 - makes anything
        return [make(place) for place in range(dice.randint(0, most))]

    def of_a_type(value: Json) -> Json:
        return {**value, "type": dice.choice(TYPES)}

    return {
        "kind": dice.choice(["person", "organisation"]),
        "name": dice.choice(["=cmd|' /C calc'!A0", "'=1", "-2+3", odd(), odd()]),
        "emails": some(lambda n: of_a_type({"address": f"n{n}.{number}@x.example"})),
        "phones": some(lambda n: of_a_type({"number": f"+49 30 1234{number:03d}{n}"})),
        "addresses": some(lambda n: {"street": f"{odd()}\n{n}", "country": "DE"}),
        "tags": sorted({odd(5).strip() for _ in range(dice.randint(0, 3))}, key=str.casefold),
        "stage": dice.choice(["lead", "active"]),
        "custom": dice.choice([
            {}, {"size": "12.50", "good": False}, {"colours": ["blue", "red"], "words": odd()},
        ]),
    }  # fmt: skip


async def exported(desk: Desk, accept: str, **asked: str) -> str:
    """Return an export, from the person who may have one."""
    bob = desk.house.client("bob")
    answer = await bob.get(
        "/v1/exported-customers", headers={"Accept": accept}, params={"archived": "any", **asked}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(accept)
    return answer.text


def assert_both_say_something_alike(table: str, lines: str) -> None:
    """An import takes an empty cell for nothing said, so that what is missing would not show."""
    rows = list(csv.DictReader(io.StringIO(table)))
    said = [orjson.loads(line) for line in lines.splitlines()]
    assert len(rows) == len(said)
    for row, its in zip(rows, said, strict=True):
        assert {name for name in row if row[name]} == {
            name for name, value in its.items() if value not in (None, "", [], {})
        }


async def test_importing_an_export_changes_nothing(house: House, dice: random.Random) -> None:
    await house.start()
    desk = await a_desk(house)
    erin = house.client("erin")
    for name, its in FIELDS.items():
        field = {"name": name, "label": {"en": name, "zh": name}, **its}
        answer = await erin.post("/v1/fields", json=field)
        assert answer.status_code == 201, answer.text
    rows = [made_up(dice, number) for number in range(60)]
    file = b"\n".join(orjson.dumps(row) for row in rows)
    first = await desk.imported(file, NDJSON)
    assert counts(first) == [60, 0, 0, 0], await desk.errors(first["id"])
    one = (await house.fold_all())[0]
    archived = await desk.client.post(
        f"/v1/customers/{one.id}/archive", json={}, headers={"If-Match": f'"{one.version}"'}
    )
    assert archived.status_code == 200, archived.text
    await house.caught_up()
    stored = await desk.events()
    files = [await exported(desk, headers["Content-Type"]) for headers in (CSV, NDJSON)]
    assert_both_say_something_alike(*files)
    for headers, file_again in zip((CSV, NDJSON), files, strict=True):
        told = await desk.imported(file_again, headers)
        assert counts(told) == [0, 0, 60, 0], await desk.errors(told["id"])
    assert await desk.events() == stored


async def test_an_export_has_whom_its_filters_leave_and_no_formula(house: House) -> None:
    await house.start()
    desk = await a_desk(house)
    for name, stage in (("=1+1", "active"), ("Bo", "lead")):
        body = {"kind": "person", "name": name, "stage": stage, "emails": ["a@x.example"]}
        assert (await desk.client.post("/v1/customers", json=body)).status_code == 201
    await house.caught_up()
    (row,) = csv.DictReader(io.StringIO(await exported(desk, "text/csv", stage="active")))
    assert (row["name"], row["emails"]) == ("'=1+1", "a@x.example")
    assert row["custom"] == ""
    refused = await desk.client.get("/v1/exported-customers")
    assert refused.status_code == 403
    assert read(await desk.client.get("/v1/customers"))["items"]
