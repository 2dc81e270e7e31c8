"""Of a leaver each process is shown: since when it refuses them, or that it said nothing."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.permissions.application.leavers import expected
from shared.eventstore.decision_types import DecisionsCounted
from shared.eventstore.record_types import LeavingApplied
from tests.ground.servers import Servers
from tests.permissions.api.office import Office, an_office, service
from tests.permissions.api.set_up import IDS, files_at
from tests.permissions.leavings import API, applies, ends, keep, ms, refuses

WORKER = "customers/worker/2"


@pytest.fixture
async def office(servers: Servers) -> AsyncIterator[Office]:
    async with an_office(servers) as office:
        yield office


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
    assert states == {API: "refuses", WORKER: "not_heard_since", late: "heard_only_since"}
    assert its["state"] == "told", "nobody knows that the other goes on"
    await keep(office.databases, "customers", [applies(left_at + ms(2_000), WORKER, **other)])
    shown = await office.leaver("leo")
    its = service(shown, "customers")
    assert {one["process"]: one["state"] for one in its["processes"]} == {
        API: "refuses", WORKER: "silent", late: "heard_only_since",
    }  # fmt: skip
    assert (its["state"], "customers" in shown["not_told"]) == ("partly_told", True)
    await keep(office.databases, "customers", [refuses(left_at + ms(3_000), WORKER)])
    shown = await office.leaver("leo")
    assert service(shown, "customers")["state"] == "told"


async def test_a_process_that_only_ever_allowed_is_named_with_how_long_ago_that_was(
    office: Office,
) -> None:
    left_at = await office.deed("leo", "leave")
    allowed = DecisionsCounted(
        subject=IDS["alice"], permission="customer:read", code="allowed", is_allowed=True, times=9,
        first_at=left_at - ms(60_000), last_at=left_at + ms(5_000), process=WORKER,
    )  # fmt: skip
    await keep(office.databases, "customers", [applies(left_at + ms(31)), allowed])
    shown = await office.leaver("leo")
    its = service(shown, "customers")
    assert (its["state"], "customers" in shown["not_told"]) == ("partly_told", True)
    worker = its["processes"][1]
    assert (worker["process"], worker["state"], worker["refusals"]) == (WORKER, "silent", 0)
    assert datetime.fromisoformat(worker["last_heard_at"]) == left_at + ms(5_000)
    ago = datetime.fromisoformat(shown["as_of"]) - left_at - ms(5_000)
    assert worker["last_heard_seconds"] == max(0.0, round(ago.total_seconds(), 3))
