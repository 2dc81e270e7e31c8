"""A file of customers comes in: each row once, known again, and nothing in it lost."""

import csv
import io

from tests.customers.api.asking import assert_problem, rename
from tests.customers.importing.handing_in import CSV, a_desk, counts, lines
from tests.ground.house import House


async def test_every_row_becomes_a_customer_and_the_same_file_again_changes_nothing(
    house: House,
) -> None:
    desk = await a_desk(house, batch=2)
    file = lines("kind,name,email", "person,Ada,ada@x.example", "person,Ada,", "person,Ada,",
                 'organisation,"Babbage, Sons",')  # fmt: skip
    first = await desk.imported(file)
    assert (first["state"], first["rows"], counts(first)) == ("done", 4, [4, 0, 0, 0])
    assert await desk.names() == ["Ada", "Ada", "Ada", "Babbage, Sons"]
    again = await desk.imported(file)
    assert counts(again) == [0, 0, 4, 0]
    assert await desk.events() == 4


async def test_a_row_with_a_key_is_the_same_customer_and_only_what_differs_changes(
    house: House,
) -> None:
    desk = await a_desk(house)
    await desk.imported(lines("key,name,email,city", "1,Ada,ada@x.example,London", "2,Bo,,"))
    changed = await desk.imported(
        lines("key,name,email,city", "1,Ada,ada@y.example,", "2,Bo,,", "3,Cy,,")
    )
    assert counts(changed) == [1, 1, 1, 0]
    (ada,) = [row for row in await house.fold_all() if row.name == "Ada"]
    assert (ada.version, [address for _, address in ada.emails]) == (2, ["ada@y.example"])


async def test_a_refused_row_stops_no_other_and_comes_back_mended(house: House) -> None:
    desk = await a_desk(house)
    told = await desk.imported(
        lines("kind,name,email,phone", "robot,R2,,", "person,,,", "person,Li,li@,",
              'person,"Bo,,', "person,Cy,,12", "person,Di,,,x", "person,Ed\x00,,",
              "person,Flo,,")
    )  # fmt: skip
    assert (told["state"], counts(told)) == ("done", [1, 0, 0, 7])
    refused = await desk.errors(told["id"])
    table = list(csv.DictReader(io.StringIO(refused)))
    assert [(row["line"], row["field"]) for row in table] == [
        ("2", "kind"), ("3", "name"), ("4", "emails[0].address"), ("5", ""),
        ("6", "phones[0].number"), ("7", "surplus cells"), ("8", "name"),
    ]  # fmt: skip
    assert all(row["problem"] and row["fix"] for row in table)
    assert table[0]["name"] == "R2"
    assert table[3]["record"] == 'person,"Bo,,'
    mended = await desk.imported(refused.replace("robot", "person"))
    assert counts(mended)[0] == 1
    assert sorted(map(str, await desk.names())) == ["Flo", "R2"]


async def test_one_finds_out_first_what_a_file_would_change(house: House) -> None:
    desk = await a_desk(house)
    await desk.imported(lines("key,name", "1,Ada", "2,Bo"))
    stored = await desk.events()
    dry = await desk.imported(
        lines("key,name", "1,Ada Lovelace", "2,Bo", "3,Cy", "4,"), dry_run="true"
    )
    assert (dry["dry_run"], counts(dry)) == (True, [1, 1, 1, 1])
    assert [(one["line"], one["what"]) for one in dry["preview"]] == [
        (2, "changed"),
        (4, "created"),
    ]
    assert dry["preview"][0]["changes"] == [
        {"field": "name", "before": "Ada", "after": "Ada Lovelace"}
    ]
    assert await desk.events() == stored


async def test_cells_that_fit_nowhere_are_kept_beside_the_customer(house: House) -> None:
    desk = await a_desk(house)
    file = lines("Symbol,Security,GICS Sector,Founded,Date added", "MMM,3M,Industrials,1902,",
                 "A,Agilent,Health Care,2013 (1888),")  # fmt: skip
    told = await desk.imported(file, preset="sp500")
    assert (counts(told), told["counts"]["kept"]) == ([2, 0, 0, 0], 1)
    (odd,) = csv.DictReader(io.StringIO(await desk.errors(told["id"])))
    assert (odd["outcome"], odd["Founded"], odd["field"]) == ("kept", "2013 (1888)", "Founded")
    agilent = (await desk.customers())["Agilent"]
    assert [note.text for note in agilent.notes] == [
        "Imported cells\nGICS Sector: Health Care\nFounded: 2013 (1888)"
    ]


async def test_a_file_that_is_none_of_customers_fails_and_says_why(house: House) -> None:
    desk = await a_desk(house)
    told = await desk.imported(lines("a,b", "1,2"))
    assert (told["state"], told["rows"]) == ("failed", 0)
    assert told["problem"]["fix"]


async def test_an_import_is_undone_but_for_what_somebody_touched(house: House) -> None:
    desk = await a_desk(house, batch=2)
    await desk.imported(lines("key,name,city", "1,Ada,London", "2,Bo,"))
    before = await desk.customers()
    file = lines("key,name,city", "1,Ada L,Paris", "2,Bob,", "3,Cy,", "4,Di,")
    told = await desk.imported(file)
    for name in ("Bob", "Di"):
        found = next(row for row in await house.fold_all() if row.name == name)
        await rename(desk.client, {"id": found.id, "version": found.version}, f"{name} too")
    undone = await desk.undone(told["id"])
    assert undone["counts"] == {"withdrawn": 1, "restored": 1, "unchanged": 0, "left": 2}
    after = await desk.customers()
    assert (after["Ada"], set(after)) == (before["Ada"], {"Ada", "Bob too", "Cy", "Di too"})
    assert after["Cy"].is_withdrawn
    left = list(csv.DictReader(io.StringIO(await desk.errors(undone["id"]))))
    assert [row["field"] for row in left] == ["name", "name"]
    # Asked for twice, it is undone once.
    stored = await desk.events()
    assert (await desk.undone(told["id"]))["id"] == undone["id"]
    assert await desk.events() == stored
    # What was undone may be imported again.
    assert counts(await desk.imported(file)) == [1, 1, 2, 0]


async def test_an_import_that_is_cancelled_stops_where_it_is_and_can_be_undone(
    house: House,
) -> None:
    desk = await a_desk(house)
    told = await desk.hand_in(lines("name", "Ada"))
    for _ in range(2):
        answer = await desk.client.post(f"/v1/imports/{told['id']}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    await desk.work()
    assert await desk.names() == []
    refused = await desk.client.post(f"/v1/imports/{told['id']}/undo")
    assert refused.status_code == 202
    going_on = await desk.hand_in(lines("name", "Bo"))
    refused = await desk.client.post(f"/v1/imports/{going_on['id']}/undo")
    assert_problem(refused, 409, "import-goes-on")


async def test_a_file_that_is_handed_in_again_with_its_key_is_imported_once(house: House) -> None:
    desk = await a_desk(house)
    keyed = {**CSV, "Idempotency-Key": "once"}
    first = await desk.hand_in(lines("name", "Ada"), keyed)
    again = await desk.client.post("/v1/imports", content="name\nAda\n", headers=keyed)
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (first["id"], "true")
    other = await desk.client.post("/v1/imports", content="name\nBo\n", headers=keyed)
    assert_problem(other, 422, "idempotency-key-reused", field="Idempotency-Key")
    await desk.work()
    assert await desk.names() == ["Ada"]
