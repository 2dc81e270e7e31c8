"""Whoever answers for security sees who refuses a leaver, since when, and who said nothing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.permissions.api.reach import Reached
from services.permissions.application.leavers import expected
from services.permissions.application.policy_files import DEFAULT
from shared.authorization.fields import FieldView
from shared.authorization.permissions import Permission
from shared.authorization.world import World
from shared.eventstore.record_types import LeavingApplied
from tests.customers.api.asking import assert_problem, read
from tests.ground.rights import FixedWorld
from tests.ground.servers import Databases, Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk
from tests.permissions.api.set_up import CUSTOMS, IDS, files_at, learn
from tests.permissions.domain.files import PEOPLE
from tests.permissions.leavings import API, applies, ends, keep, ms, refuses

WORKER = "customers/worker/2"


@dataclass(frozen=True, slots=True)
class Office:
    """A desk with the demo's people, and the read models that it shows."""

    desk: Desk
    databases: Databases

    async def deed(self, name: str, deed: str) -> datetime:
        """Suspend somebody, or let them leave or come back; return when that was recorded."""
        path = f"/v1/subjects/{IDS[name]}"
        version = read(await self.desk.client("erin").get(path))["version"]
        headers = {"If-Match": f'"{version}"'}
        body = {"reason": "Gone"}
        done = await self.desk.client("erin").post(f"{path}/{deed}", json=body, headers=headers)
        assert done.status_code == 200, done.text
        await learn(self.desk)
        sql = "select max(recorded_at) from events where stream = $1"
        at: datetime = await self.desk.foundation.truth.fetchval(sql, f"subject-{IDS[name]}")
        return at

    async def give(
        self, name: str, permission: str, people: Sequence[str] | None, clearance: str
    ) -> None:
        """Give somebody a permission, on these people alone unless None."""
        body = {
            "subject_id": IDS[name], "permission": permission, "scope": "all",
            "clearance": clearance, "reason": "A story",
        } | ({} if people is None else {"records": [IDS[one] for one in people]})  # fmt: skip
        given = await self.desk.client("erin").post("/v1/grants", json=body)
        assert given.is_success, given.text
        await learn(self.desk)

    def decisions(self) -> FixedWorld:
        """Return what the desk decides by."""
        its = self.desk.foundation.guard.decisions
        assert isinstance(its, FixedWorld)
        return its

    async def leaver(self, name: str, who: str = "dave") -> dict[str, Any]:
        """Return what is shown of a leaver."""
        answer = await self.desk.client(who).get(f"/v1/leavers/{IDS[name]}")
        shown: dict[str, Any] = read(answer)
        return shown


@pytest.fixture
async def office(servers: Servers) -> AsyncIterator[Office]:
    async with AsyncExitStack() as opened:
        databases = await opened.enter_async_context(new_databases(servers))
        desk = await opened.enter_async_context(a_desk(databases, FixedWorld(World())))
        files, _ = files_at(desk)
        await files.set_up([DEFAULT.read_text(), PEOPLE.read_text()], by=CUSTOMS)
        await learn(desk)
        yield Office(desk, databases)


def service(shown: dict[str, Any], name: str) -> dict[str, Any]:
    its: list[dict[str, Any]] = [one for one in shown["services"] if one["service"] == name]
    assert len(its) == 1
    return its[0]


async def test_each_process_is_shown_with_its_milliseconds_and_who_said_nothing_is_named(
    office: Office,
) -> None:
    left_at = await office.deed("leo", "leave")
    await keep(office.databases, "customers", [
        applies(left_at + ms(31)), refuses(left_at + ms(44)),
        ends(left_at + ms(400), "watch"), ends(left_at + ms(60), "import", WORKER, target="i-1"),
        applies(left_at + ms(1_200), WORKER),
    ])  # fmt: skip
    shown = await office.leaver("leo")
    assert (shown["subject"]["id"], shown["subject"]["life"]) == (IDS["leo"], "left")
    assert shown["by"] == {"id": IDS["erin"], "kind": "person"}
    assert datetime.fromisoformat(shown["left_at"]) == left_at
    assert shown["bound"]["fresh_ms"] == 1_000
    assert shown["bound"]["cut_off_ms"]["critical"] <= shown["bound"]["cut_off_ms"]["low"]
    its = service(shown, "customers")
    api, worker = its["processes"]
    assert (api["process"], api["applied_ms"], api["first_refusal_ms"]) == (API, 31, 44)
    assert (api["within_bound"], worker["within_bound"]) == (True, False)
    assert (api["refusals"], worker["refusals"], worker["first_refusal_ms"]) == (1, 0, None)
    ended = [(one["kind"], one["ms"], one["target"]) for one in (*api["ended"], *worker["ended"])]
    assert ended == [("watch", 400, None), ("import", 60, "i-1")]
    assert (its["is_expected"], its["state"]) == (True, "told")
    permissions = service(shown, "permissions")
    assert (permissions["is_expected"], permissions["processes"]) == (True, [])
    assert permissions["state"] == "not_known", "nothing was ever read of it"
    assert shown["not_told"] == ["permissions"]


async def test_a_service_that_only_refused_is_known_to_refuse_and_the_rest_is_null(
    office: Office,
) -> None:
    left_at = await office.deed("leo", "suspend")
    await keep(office.databases, "permissions", [refuses(left_at + ms(5), "permissions/api/9")])
    shown = await office.leaver("leo")
    (process,) = service(shown, "permissions")["processes"]
    assert (process["applied_ms"], process["within_bound"], process["first_refusal_ms"]) == (
        None, None, 5,
    )  # fmt: skip
    assert shown["not_told"] == ["customers"]


async def test_what_was_told_is_of_the_leaving_that_holds(office: Office) -> None:
    first = await office.deed("leo", "suspend")
    await keep(office.databases, "customers", [applies(first - timedelta(hours=1))])
    assert service(await office.leaver("leo"), "customers")["processes"] == []
    again = await office.deed("leo", "leave")
    assert again > first
    shown = await office.leaver("leo")
    assert datetime.fromisoformat(shown["left_at"]) == first, "gone since the suspension"
    at_start = LeavingApplied(**(applies(first + ms(9_000)).model_dump() | {"is_at_start": True}))
    await keep(office.databases, "customers", [at_start])
    (process,) = service(await office.leaver("leo"), "customers")["processes"]
    assert (process["applied_ms"], process["within_bound"]) == (9_000, None)


async def test_a_service_whose_account_stopped_with_the_leaver_has_to_tell_as_well(
    office: Office,
) -> None:
    await office.deed("oscar", "leave")
    shown = await office.leaver("oscar")
    assert [(one["service"], one["is_expected"]) for one in shown["services"]] == [
        ("customers", True), ("permissions", True),
    ]  # fmt: skip
    assert shown["not_told"] == ["customers", "permissions"]
    _, book = files_at(office.desk)
    await book.catch_up()
    due = expected(office.decisions().world, book.book)
    assert sorted(due.values()) == ["customers", "permissions"]


async def test_who_has_to_tell_is_known_by_old_permissions_too_and_they_are_said_to_be_old(
    office: Office,
) -> None:
    await office.deed("leo", "leave")
    fresh = await office.leaver("leo")
    assert fresh["are_permissions_old"] is False
    office.decisions().age = 60.0
    old = await office.leaver("leo")
    assert (old["are_permissions_old"], old["permissions_age_seconds"]) == (True, 60.0)
    assert old["not_told"] == fresh["not_told"] == ["customers", "permissions"]


async def test_a_clock_that_is_behind_is_shown_to_be_and_hides_nothing_that_was_told(
    office: Office,
) -> None:
    left_at = await office.deed("leo", "leave")
    await keep(office.databases, "customers", [
        applies(left_at - ms(400), left_at=left_at),
        applies(left_at - ms(5_000), WORKER, left_at=left_at),
    ])  # fmt: skip
    api, worker = service(await office.leaver("leo"), "customers")["processes"]
    assert (api["applied_ms"], api["within_bound"]) == (-400, True)
    assert (worker["applied_ms"], worker["within_bound"]) == (-5_000, None)


async def test_one_process_that_told_does_not_speak_for_another_that_goes_on_without_a_word(
    office: Office,
) -> None:
    left_at = await office.deed("leo", "leave")
    other, before, late = {"subject": IDS["alice"]}, left_at - ms(60_000), "customers/api/late"
    told = [
        applies(left_at + ms(31)),
        refuses(before, WORKER, **other),
        refuses(left_at - timedelta(hours=1), "customers/api/long-over", **other),
        refuses(left_at + ms(90_000), late, **other),
    ]
    await keep(office.databases, "customers", told)
    its = service(await office.leaver("leo"), "customers")
    states = {one["process"]: one["state"] for one in its["processes"]}
    assert states == {API: "refuses", WORKER: "not_heard_since"}
    assert its["state"] == "told", "nobody knows that the other goes on"
    await keep(office.databases, "customers", [applies(left_at + ms(2_000), WORKER, **other)])
    shown = await office.leaver("leo")
    its = service(shown, "customers")
    assert {one["process"]: one["state"] for one in its["processes"]} == {
        API: "refuses", WORKER: "silent",
    }  # fmt: skip
    assert (its["state"], "customers" in shown["not_told"]) == ("partly_told", True)
    await keep(office.databases, "customers", [refuses(left_at + ms(3_000), WORKER)])
    shown = await office.leaver("leo")
    assert service(shown, "customers")["state"] == "told"


async def test_leavers_are_listed_newest_first_and_whoever_is_back_is_none(
    office: Office,
) -> None:
    for name in ("leo", "alice", "carol"):
        await office.deed(name, "suspend")
    await office.deed("alice", "reinstate")
    dave, found, params = office.desk.client("dave"), [], {"page_size": "1"}
    while True:
        page = read(await dave.get("/v1/leavers", params=params))
        found += [one["subject"]["user_name"] for one in page["items"]]
        if page["next_page_token"] is None:
            break
        params = params | {"page_token": page["next_page_token"]}
    assert found == ["carol", "leo"]
    missing = await dave.get(f"/v1/leavers/{IDS['alice']}")
    assert_problem(missing, 404, "leaver-not-found", field="subject_id")
    assert (await dave.get(f"/v1/leavers/{uuid4()}")).status_code == 404


async def test_a_page_of_leavers_looks_at_no_more_of_them_than_it_shows(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("leo", "alice", "carol"):
        await office.deed(name, "suspend")
    looked, view = [], Reached.view

    def counted(its: Reached, permission: Permission, subject_id: UUID) -> FieldView:
        looked.append(str(subject_id))
        return view(its, permission, subject_id)

    monkeypatch.setattr(Reached, "view", counted)
    read(await office.desk.client("dave").get("/v1/leavers", params={"page_size": "1"}))
    assert {IDS["carol"], IDS["alice"]} <= {*looked}, "the one shown, and that there are more"
    assert IDS["leo"] not in looked


async def test_a_leaver_is_shown_as_far_as_the_asker_sees_the_people_and_programs_named(
    office: Office,
) -> None:
    await office.give("wang", "leaver:read", ("leo", "carol"), "internal")
    await office.give("wang", "subject:read", ("leo",), "internal")
    await office.give("wang", "subject:read", ("carol",), "public")
    await office.deed("carol", "leave")
    left_at = await office.deed("leo", "leave")
    token = ends(left_at + ms(9), "service_token", service_account=IDS["billing"])
    await keep(office.databases, "customers", [token])

    async def told(who: str) -> tuple[str | None, str | None]:
        shown = await office.leaver("leo", who)
        (process,) = service(shown, "customers")["processes"]
        (ended,) = process["ended"]
        return shown["by"]["kind"], ended["service_account"]

    assert await told("dave") == ("person", IDS["billing"])
    assert await told("wang") == (None, None), "erin and billing are nobody whom wang sees"
    wang = office.desk.client("wang")
    listed = read(await wang.get("/v1/leavers"))["items"]
    assert [one["subject"]["id"] for one in listed] == [IDS["leo"]]
    unseen = await wang.get(f"/v1/leavers/{IDS['carol']}")
    assert_problem(unseen, 404, "leaver-not-found", field="subject_id")


async def test_a_service_of_others_is_named_by_its_id_to_whoever_does_not_see_its_name(
    office: Office,
) -> None:
    await office.give("wang", "leaver:read", ("leo",), "internal")
    await office.give("wang", "subject:read", ("leo",), "internal")
    await office.give("billing", "snapshot:read", None, "internal")
    await office.deed("leo", "leave")
    own = ["customers", "permissions"]
    assert (await office.leaver("leo"))["not_told"] == ["billing", *own]
    assert (await office.leaver("leo", "wang"))["not_told"] == [IDS["billing"], *own]


async def test_only_whoever_may_follow_leavers_and_see_the_person_sees_how_they_left(
    office: Office,
) -> None:
    await office.deed("leo", "suspend")
    # Who may read people, all of them or some, need not follow who left.
    for name in ("wang", "oscar", "bob", "petra"):
        client = office.desk.client(name)
        assert (await client.get(f"/v1/leavers/{IDS['leo']}")).status_code == 403, name
        assert (await client.get("/v1/leavers")).status_code == 403, name
