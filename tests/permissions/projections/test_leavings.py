"""Of those who left it is kept what each process told, and nothing of who was erased."""

from datetime import datetime, timedelta
from importlib import import_module
from uuid import UUID

import asyncpg
import pytest

from services.permissions.projections.leaving_records import LeavingRecords, ToldByService
from services.permissions.projections.leavings import TABLES, Leavings
from shared.authorization.people import DEMO_PEOPLE
from shared.projecting.applied import apply_events
from shared.projecting.versions import settings_of
from tests.ground.house import House
from tests.permissions.leavings import (
    API,
    LEO,
    NOON,
    applies,
    as_applied,
    ends,
    keep,
    ms,
    refuses,
    refuses_often,
)
from tests.permissions.views import make_read_models

ALICE = DEMO_PEOPLE["alice"].subject
LEFT, SOON = NOON, NOON + ms(20)
LATER = NOON + timedelta(days=40)
ADD = import_module("services.permissions.storage.migrations.versions.0004_processes_heard_of").ADD


@pytest.fixture
async def views(house: House) -> House:
    await make_read_models(house.databases)
    return house


async def told(house: House, since: datetime = LEFT) -> ToldByService:
    lanes = await house.lanes(house.databases.views_dsn, "api", 1)
    return (await LeavingRecords(lanes).of(UUID(LEO), since))["customers"]


async def test_each_process_has_its_own_and_equal_refusals_are_added_up(views: House) -> None:
    records = [
        applies(SOON), applies(SOON, "customers/worker/2"),
        refuses(NOON + ms(50)), refuses(NOON + ms(40)), refuses(NOON + ms(90), "customers/api/3"),
        refuses_often(20, NOON + timedelta(minutes=2), NOON + timedelta(minutes=3)),
        ends(NOON + ms(400), "watch"), refuses(SOON, None), refuses(SOON, code="no_grant"),
        refuses(SOON, asked_by=ALICE), refuses_often(9, SOON, SOON, asked_by=ALICE),
        refuses_often(9, SOON, SOON, asked_by=ALICE, is_search=True),
    ]  # fmt: skip
    await keep(views.databases, "customers", records)
    its = await told(views)
    assert [one["process"] for one in its.applied] == [API, "customers/worker/2"]
    assert [(one["kind"], one["process"]) for one in its.ended] == [("watch", API)]
    refused = {
        one["process"]: (one["first_at"], one["last_at"], one["times"]) for one in its.refused
    }
    assert refused == {
        API: (NOON + ms(40), NOON + timedelta(minutes=3), 22),
        "customers/api/3": (NOON + ms(90), NOON + ms(90), 1),
    }


async def test_an_earlier_leaving_of_the_same_person_is_not_mixed_up_with_it(
    views: House,
) -> None:
    again = NOON + timedelta(hours=1)
    records = [
        applies(SOON), refuses(SOON), ends(SOON, "export"),
        applies(again + ms(30), position=9), refuses(again + ms(60)),
    ]  # fmt: skip
    await keep(views.databases, "customers", records)
    its = await told(views, again)
    assert [one["position"] for one in its.applied] == [9]
    assert [(one["first_at"], one["times"]) for one in its.refused] == [(again + ms(60), 1)]
    assert its.ended == []


async def test_refusals_are_kept_thirty_days_and_what_was_told_of_leaving_for_good(
    views: House,
) -> None:
    await keep(views.databases, "customers", [applies(SOON), refuses(SOON), ends(SOON, "import")])
    await keep(views.databases, "customers", [refuses(LATER)])
    its = await told(views)
    assert (len(its.applied), len(its.ended)) == (1, 1)
    assert [one["first_at"] for one in its.refused] == [LATER]


async def test_a_process_is_known_by_whatever_it_told_of_anybody(views: House) -> None:
    other, minute = {"subject": ALICE, "code": "allowed"}, timedelta(minutes=1)
    await keep(views.databases, "customers", [
        refuses_often(9, NOON - 2 * minute, NOON + minute, process="customers/api/5", **other),
        refuses(NOON - minute, "customers/api/6", **other), refuses(SOON, None, **other),
        applies(NOON - minute, "customers/worker/7", subject=ALICE),
        ends(NOON + minute, "watch", "customers/api/8", subject="nobody's id"),
        refuses(NOON - timedelta(hours=1), "customers/api/long-over", **other),
        refuses(NOON + timedelta(hours=1), "customers/api/much-later", **other),
    ])  # fmt: skip
    await keep(views.databases, "customers", [refuses(NOON - 3 * minute, "customers/api/6")])
    assert {one["process"]: tuple(one.values())[1:] for one in (await told(views)).heard} == {
        "customers/api/5": (True, NOON + minute),
        "customers/api/6": (True, NOON - minute),
        "customers/worker/7": (True, NOON - minute),
        "customers/api/8": (False, NOON + minute),
    }
    await keep(views.databases, "customers", [applies(LATER, "customers/api/9")])
    rows = await views.ask("views", "select process from leavings_heard_customers")
    assert [row["process"] for row in rows] == ["customers/api/9"]


async def test_an_upgrade_adds_the_processes_that_are_known_and_the_api_reads_them(
    views: House,
) -> None:
    await keep(
        views.databases, "customers", [applies(SOON), ends(SOON, "watch", "customers/api/2")]
    )
    connection = await asyncpg.connect(views.databases.admin_dsn("views"))
    try:
        await connection.execute("drop view leavings_heard_customers")
        await connection.execute("drop table leavings_customers_1.leavings_heard_customers")
        await connection.execute("update leavings_customers_1.leavings_customers"
                                 " set applied_at = now() - interval '1 hour'")  # fmt: skip
        await connection.execute("set role customers_owner")
        for _ in range(2):  # as it is where the migration before it made all of it
            await connection.execute(ADD.replace("{source}", "customers"))
    finally:
        await connection.close()
    now = (await views.ask("views", "select now()"))[0]["now"]
    (heard,) = (await told(views, now - timedelta(hours=1))).heard
    assert heard["process"] == API
    await keep(views.databases, "customers", [refuses(now, "customers/api/3")])
    assert len((await told(views, now)).heard) == 1


async def test_a_clock_far_ahead_takes_no_refusals_of_others_away(views: House) -> None:
    now = (await views.ask("views", "select now()"))[0]["now"]
    await keep(views.databases, "customers", [refuses(now), refuses(now + timedelta(days=60))])
    (kept,) = await views.ask("views", "select sum(times) as n from leavings_refused_customers")
    assert kept["n"] == 2


async def test_of_an_erased_person_nothing_is_kept_and_nothing_comes_back(views: House) -> None:
    records = [applies(SOON), refuses(SOON), ends(SOON, "import")]
    await keep(views.databases, "customers", records)
    lanes = await views.lanes(
        views.databases.views_dsn, "projector", 1, settings_of("leavings_customers", 1)
    )
    async with lanes.lane() as connection, connection.transaction():
        await connection.execute(
            "insert into public.erased_subjects (subject, erased_at) values ($1, $2)", LEO, NOON
        )
        await Leavings("customers").forget(connection, [LEO])
        await apply_events(Leavings("customers"), connection, [as_applied(one) for one in records])
        for table in TABLES:
            assert await connection.fetchval(f"select count(*) from {table}_customers") == 0
