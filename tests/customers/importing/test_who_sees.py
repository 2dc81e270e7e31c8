"""Of the rows of an import everybody sees what they may see, and for as long as they may."""

import asyncio
import csv
import io

import pytest

from shared.errors import NotPermittedError
from tests.customers.api.asking import Json, read
from tests.customers.api.connections import Connection
from tests.customers.importing.handing_in import CSV, lines
from tests.customers.shipped import IDS, Shipped, a_shipped_house
from tests.ground.broker import Broker
from tests.ground.servers import Servers
from tests.ground.workers import a_worker


async def imported(shipped: Shipped, person: str, content: str, more: str = "") -> str:
    answer = await shipped.house.client(person).post(
        f"/v1/imports{more}", content=content.encode(), headers=CSV
    )
    assert answer.status_code == 202, answer.text
    worker = await a_worker(shipped.house)
    while await worker.work_off_one():
        pass
    return str(read(answer)["id"])


async def errors(shipped: Shipped, person: str, import_id: str) -> list[dict[str, str]]:
    answer = await shipped.house.client(person).get(f"/v1/imports/{import_id}/errors")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def preview(shipped: Shipped, person: str, import_id: str) -> list[Json]:
    answer = await shipped.house.client(person).get(f"/v1/imports/{import_id}")
    return list(read(answer)["preview"])


async def test_of_somebody_elses_rows_is_seen_what_may_be_seen_of_their_customers(
    servers: Servers, broker: Broker
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        shipped.give("leo", "customer:import", scope="own", clearance="confidential")
        shipped.give("alice", "customer:import", scope="team", clearance="confidential")
        file = lines(
            "name,email,phone,note,Schuhe,stage",
            "Ada,ada@works.example,+49 171 1234567,Owes money,cell of nothing,neither",
        )
        its = await imported(shipped, "leo", file)
        (own,) = await errors(shipped, "leo", its)
        assert (own["email"], own["Schuhe"], own["name"]) == (
            "ada@works.example", "cell of nothing", "Ada",
        )  # fmt: skip
        (seen,) = await errors(shipped, "alice", its)
        assert (seen["name"], seen["stage"], seen["field"]) == ("Ada", "neither", "stage")
        assert not any(seen[one] for one in ("email", "phone", "note", "Schuhe"))
        # And a problem of what is not seen is told without its words.
        its = await imported(shipped, "leo", lines("name,email", "Ada,no address"))
        (own,), (seen,) = [await errors(shipped, one, its) for one in ("leo", "alice")]
        assert own["problem"]
        assert own["field"].startswith("emails")
        assert (seen["field"], seen["problem"], seen["fix"], seen["email"]) == ("", "", "", "")


async def test_a_preview_shows_what_may_be_seen_of_each_customer(
    servers: Servers, broker: Broker
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        await shipped.house.start()
        for person, scope in (("leo", "team"), ("alice", "team")):
            shipped.give(person, "customer:import", scope=scope, clearance="confidential")
        its = await shipped.customer("leo")
        file = lines(
            "id,name,email", f"{its['id']},Ada L,ada@works.example", ",New,new@works.example"
        )
        run = await imported(shipped, "leo", file, "?dry_run=true")
        own = {row["what"]: row for row in await preview(shipped, "leo", run)}
        assert "new@works.example" in str(own["created"])
        assert {one["field"]: one["after"] for one in own["changed"]["changes"]}["name"] == "Ada L"
        told = {row["what"]: row for row in await preview(shipped, "alice", run)}
        assert "works.example" not in str(told)
        assert told["changed"]["customer_id"] == its["id"]
        assert told["created"]["cells"] == {"name": "New"}
        # Whose customer it is by now decides, also for whoever sent the file.
        await shipped.change("erin", its, "/assign", {"owner": IDS["carol"]})
        after = {row["what"]: row for row in await preview(shipped, "leo", run)}["changed"]
        assert (after["customer_id"], after["changes"]) == (None, [])


async def test_an_error_file_is_cut_off_when_its_reader_may_not_import_any_more(
    servers: Servers, broker: Broker
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        its = await imported(shipped, "erin", lines("name,stage", *["Ada,neither"] * 3))
        file = Connection(shipped.house, "erin", f"/v1/imports/{its}/errors", b"Ada")
        loading = asyncio.create_task(file.run())
        await file.is_full.wait()
        shipped.happens("erin", "SubjectLeft")
        file.goes_on()
        with pytest.raises(NotPermittedError):
            await loading
        assert [piece.count(b"Ada") for piece in file.sent] == [0, 1]
