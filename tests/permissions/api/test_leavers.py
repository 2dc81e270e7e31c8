"""Whoever answers for security sees who left, and of each as much as they may see of people."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from services.permissions.api.reach import Reached
from shared.authorization.fields import FieldView
from shared.authorization.permissions import Permission
from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.office import Office, an_office, service
from tests.permissions.api.set_up import IDS
from tests.permissions.leavings import applies, ends, keep, ms


@pytest.fixture
async def office(servers: Servers) -> AsyncIterator[Office]:
    async with an_office(servers) as office:
        yield office


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
    await keep(office.databases, "customers", [applies(left_at + ms(8)), token])

    async def told(who: str) -> tuple[str | None, str | None, int | None]:
        shown = await office.leaver("leo", who)
        (process,) = service(shown, "customers")["processes"]
        (ended,) = process["ended"]
        return shown["by"]["kind"], ended["service_account"], process["service_accounts"]

    assert await told("dave") == ("person", IDS["billing"], 1)
    assert await told("wang") == (None, None, None), "erin and billing are nobody whom wang sees"
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
