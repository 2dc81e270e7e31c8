"""An import writes what whoever handed it in may write when each row's turn comes."""

import csv
import io
from collections.abc import Sequence

import orjson
import pytest

from services.customers.application.importing.turns import Turns
from shared.authorization.rights import Basis
from shared.eventstore.tokens import TokenPart
from shared.security.subject_keys import SubjectKey, SubjectKeys
from shared.web.decision_log import DecisionLog
from tests.customers.api.asking import Json, read
from tests.customers.importing.handing_in import CSV, counts, lines
from tests.customers.shipped import IDS, Shipped, a_shipped_house
from tests.ground.broker import Broker
from tests.ground.house import House
from tests.ground.servers import Servers
from tests.ground.workers import a_worker, records_on


async def handed_in(shipped: Shipped, person: str, content: str) -> Json:
    answer = await shipped.house.client(person).post(
        "/v1/imports", content=content.encode(), headers=CSV
    )
    assert answer.status_code == 202, answer.text
    return read(answer)


async def told(shipped: Shipped, person: str, import_id: str) -> Json:
    return read(await shipped.house.client(person).get(f"/v1/imports/{import_id}"))


async def test_rows_out_of_reach_are_refused_one_by_one(servers: Servers, broker: Broker) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        shipped.give("wang", "customer:import", scope="team", clearance="confidential")
        leos, carols = [await shipped.customer(name) for name in ("leo", "carol")]
        file = lines(
            "id,name,email,owner", ",Mine,,", f",Leos,,{IDS['leo']}", f",Carols,,{IDS['carol']}",
            f"{leos['id']},Ada L,,", f"{leos['id']},,x@works.example,",
            f"{leos['id']},,ada@works.example,", f"{carols['id']},Ada L,,",
            "018f0000-0000-7000-8000-00000000dead,Ada L,,", f"{leos['id']},,,{IDS['carol']}",
        )  # fmt: skip
        its = await handed_in(shipped, "wang", file)
        worker = await a_worker(shipped.house)
        while await worker.work_off_one():
            pass
        done = await told(shipped, "wang", its["id"])
        assert (done["state"], counts(done)) == ("done", [2, 1, 0, 6])
        answer = await shipped.house.client("wang").get(f"/v1/imports/{its['id']}/errors")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [(row["line"], row["field"]) for row in rows] == [
            ("4", ""), ("6", "emails"), ("7", "emails"), ("8", "id"), ("9", "id"), ("10", ""),
        ]  # fmt: skip
        assert rows[3]["problem"] == rows[4]["problem"]
        made = [row.id for row in await shipped.house.fold_all() if row.name in {"Mine", "Leos"}]
        owners = [(await shipped.house.reader.load(one)).customer.owner for one in made]
        assert sorted(map(str, owners)) == [IDS["leo"], IDS["wang"]]
        # Whose import it is decides who sees it.
        for person, status in (("erin", 200), ("carol", 403)):
            seen = await shipped.house.client(person).get(f"/v1/imports/{its['id']}")
            assert seen.status_code == status
        shipped.give("carol", "customer:import", scope="own", clearance="confidential")
        for path in ("", "/errors"):
            hidden = await shipped.house.client("carol").get(f"/v1/imports/{its['id']}{path}")
            assert hidden.status_code == 404
        assert read(await shipped.house.client("carol").get("/v1/imports"))["items"] == []
        # Undone by somebody who does not reach them any more, the customers stay.
        shipped.happens("wang", "SubjectMoved", teams=[], department=None)
        undoing = read(await shipped.house.client("wang").post(f"/v1/imports/{its['id']}/undo"))
        while await worker.work_off_one():
            pass
        undone = await told(shipped, "wang", undoing["id"])
        assert (undone["counts"]["withdrawn"], undone["counts"]["left"]) == (1, 2)


async def test_no_cell_tells_how_a_hidden_field_is_declared(
    servers: Servers, broker: Broker
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        erin, leos = shipped.house.client("erin"), await shipped.customer("leo")
        its = {"label": {"en": "x", "zh": "x"}, "type": "number", "sensitivity": "restricted"}
        for field, more in (("salary", {}), ("debts", {"required": True})):
            answer = await erin.post("/v1/fields", json={**its, "name": field, **more})
            assert answer.status_code == 201
        shipped.give("wang", "customer:import", scope="team", clearance="confidential")
        rows = (",A,1,2", ",B,much,2", ",C,1,much", f"{leos['id']},,much,", f"{leos['id']},,1,")
        worker = await a_worker(shipped.house)
        for dry in ("true", "false"):
            file = lines("id,name,custom.salary,custom.debts", *rows)
            answer = await shipped.house.client("wang").post(
                "/v1/imports", content=file.encode(), headers=CSV, params={"dry_run": dry}
            )
            import_id = read(answer)["id"]
            while await worker.work_off_one():
                pass
            assert counts(await told(shipped, "wang", import_id)) == [0, 0, 0, 5]
            errors = await shipped.house.client("wang").get(f"/v1/imports/{import_id}/errors")
            found = list(csv.DictReader(io.StringIO(errors.text)))
            assert {(row["field"], row["problem"]) for row in found} == {
                ("custom.salary", "You may not use this field."),
            }  # fmt: skip


async def of(house: House, type_: str) -> list[Json]:
    rows = await house.ask("truth", "select data from records where type = $1 order by 1", type_)
    return [orjson.loads(row["data"]) for row in rows]


class LeavesMeanwhile(Turns):
    """Somebody leaves when the first batch is written."""

    def __init__(self, shipped: Shipped, person: str) -> None:
        self._shipped, self._person = shipped, person

    async def has_come(self, _written: object) -> bool:
        """Have the turn come, and the person leave before."""
        self._shipped.happens(self._person, "SubjectLeft")
        return True


async def test_the_rows_to_come_of_somebody_who_left_are_never_written(
    servers: Servers, broker: Broker
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        shipped.give("alice", "customer:import", scope="own", clearance="confidential")
        its = await handed_in(shipped, "alice", lines("name", *(f"Ada {n}" for n in range(6))))
        worker = await a_worker(shipped.house, 2, LeavesMeanwhile(shipped, "alice"))
        while await worker.work_off_one():
            pass
        done = await told(shipped, "erin", its["id"])
        assert (done["state"], done["rows"], counts(done)) == ("stopped", 2, [2, 0, 0, 0])
        assert "has left" in done["problem"]["problem"]
        assert done["problem"]["who_can_help"]
        assert len(await shipped.house.fold_all()) == 2


async def test_what_an_import_was_refused_and_allowed_is_on_record(
    servers: Servers, broker: Broker
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        house = shipped.house
        shipped.give("alice", "customer:import", scope="own", clearance="confidential")
        theirs = await shipped.customer("carol")
        file = lines("id,name", ",Mine", ",Mine too", f"{theirs['id']},Ada L")
        its = await handed_in(shipped, "alice", file)
        truth = await house.lanes(house.databases.truth_dsn, "worker", 1)
        records = records_on(house, truth)
        log = DecisionLog(records, house.clock)
        worker = await a_worker(house, 2, LeavesMeanwhile(shipped, "alice"), log)
        while await worker.work_off_one():
            pass
        assert (await told(shipped, "erin", its["id"]))["state"] == "stopped"
        refused = [
            one for one in await of(house, "DecisionRecorded") if one["subject"] == IDS["alice"]
        ]
        assert [(one["code"], one["permission"]) for one in refused] == [
            ("inactive_subject", "customer:import"),
            ("out_of_scope", "customer:read"),
        ]
        assert {one["operation"] for one in refused} == {"import_customers"}
        await log.close()
        await records.close()
        counted = await of(house, "DecisionsCounted")
        assert {(one["subject"], one["permission"]) for one in counted} == {
            (IDS["alice"], "customer:import")
        }


class SomebodyMoves:
    """Decisions whose teams change at each look, while more rows are planned than are quick."""

    def __init__(self, shipped: Shipped, quick: int) -> None:
        self._shipped, self._quick = shipped, quick
        self._teams = iter(range(100))
        self.planned = 0

    def basis(self) -> Basis:
        """Return what is known now; no plan of too many rows still holds."""
        if self.planned > self._quick:
            self._shipped.happens("wang", "SubjectMoved", teams=[f"team-{next(self._teams)}"])
        return self._shipped.house.decisions.basis()

    async def has_reached(self, _seen: Sequence[TokenPart]) -> bool:
        """Know all that anybody has seen."""
        return True


async def test_an_import_goes_on_however_often_teams_change_meanwhile(
    servers: Servers, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        decisions, make = SomebodyMoves(shipped, 3), SubjectKeys.make

        async def make_as_many_as_are_planned(keys: SubjectKeys, many: int) -> list[SubjectKey]:
            decisions.planned = many
            return await make(keys, many)

        monkeypatch.setattr(SubjectKeys, "make", make_as_many_as_are_planned)
        rows = [f"Ada {n}" for n in range(20)]
        its = await handed_in(shipped, "erin", lines("name", *rows))
        worker = await a_worker(shipped.house, 16, decisions=decisions)
        while await worker.work_off_one():
            pass
        done = await told(shipped, "erin", its["id"])
        assert (done["state"], counts(done)) == ("done", [20, 0, 0, 0])
        assert sorted(str(row.name) for row in await shipped.house.fold_all()) == sorted(rows)
