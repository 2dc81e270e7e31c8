"""What rights were used for: exact sums of the records, and nothing of who was erased."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.permissions.projections.erased_people import ErasedPeople, SubjectErased
from services.permissions.projections.incoming_records import RECORDS_CODEC
from services.permissions.projections.of_records import USAGE, followed_of
from services.permissions.projections.usage import Usage
from shared.authorization.people import DEMO_PEOPLE
from shared.eventstore.codec import NothingSealed
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.record_types import RECORDS
from shared.projecting.applied import AppliedEvent, apply_events
from shared.projecting.http_feed import HttpFeed
from shared.projecting.parts import ProjectionParts
from shared.projecting.projector import Projector
from shared.projecting.versions import settings_of
from shared.testing.verifier import token_of
from shared.testing.waiting import until
from tests.ground.house import House
from tests.ground.servers import Databases
from tests.permissions.decisions import LEO, NOON, applied, counted, received, told
from tests.permissions.views import make_read_models

ALICE = DEMO_PEOPLE["alice"].subject
NAME = "usage_customers"


@dataclass(frozen=True, slots=True)
class Kept:
    """Records of the customers service, relayed, and the projector that adds them up."""

    house: House
    projector: Projector

    async def tell(self, *records: DecisionRecorded | DecisionsCounted) -> None:
        """Keep these records."""
        for record in records:
            await self.house.records.keep(record, subject=record.subject, actor=record.subject)

    async def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all that is kept."""
        return {
            table: sorted(
                (tuple(row) for row in await self.house.ask("views", f"table {table}_customers")),
                key=str,
            )
            for table in ("usage", "refused", "usage_known")
        }

    async def has(self, times: int) -> None:
        """Return once so many uses are known, in all."""

        async def known() -> bool:
            sql = "select coalesce(sum(times), 0) as n from usage_customers"
            return bool((await self.house.ask("views", sql))[0]["n"] == times)

        await until(known, what=f"that {times} uses are known")


@pytest.fixture
async def kept(house: House) -> Kept:
    await make_read_models(house.databases)
    await house.start(runner=False)
    house.run(await house.new_relay(house.access))
    projector = await new_projector(house)
    house.run(projector)
    return Kept(house, projector)


async def new_projector(house: House) -> Projector:
    """Return a projector of the customers service's records."""
    follows = replace(followed_of(USAGE, "customers"), topic=house.access.name)
    return Projector(
        ProjectionParts(
            projection=Usage("customers"),
            followed=follows,
            codec=RECORDS_CODEC,
            ciphers=NothingSealed(),
            feed=HttpFeed(house.client("permissions"), "http://daybook", _token, _forget, follows),
            views=await house.lanes(house.databases.views_dsn, "projector", 2),
            open_views=lambda its: house.lanes(house.databases.views_dsn, "projector", 1, its),
            discarded=_nothing,
            kafka=house.kafka,
            clock=house.clock,
            tracing=house.tracing,
        )
    )


async def _token() -> str:
    return token_of("permissions")


def _forget() -> None:
    raise AssertionError("no token is refused here")


async def _nothing() -> frozenset[str]:
    return frozenset()


async def test_what_is_counted_and_what_is_told_by_itself_are_added_up(kept: Kept) -> None:
    await kept.tell(
        told(NOON),
        counted(40, NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)),
        counted(2, NOON - timedelta(hours=2), NOON - timedelta(hours=1)),
        told(NOON, permission="customer:read", is_allowed=False, code="no_grant"),
        counted(5, NOON, NOON, permission="customer:read", is_allowed=False, code="no_grant"),
        told(NOON, subject="a name that nobody knows", is_allowed=False, code="unknown_subject"),
        # What a program asked of somebody, or looked for, was neither used nor refused.
        told(NOON - timedelta(hours=1), asked_by=ALICE),
        told(NOON, is_allowed=False, code="no_grant", asked_by=ALICE),
        counted(700, NOON, NOON + timedelta(hours=1), asked_by=ALICE),
        counted(700, NOON, NOON, is_allowed=False, code="no_grant", asked_by=ALICE),
        # Nor was what somebody else did in Leo's name.
        told(NOON + timedelta(hours=1), actor=ALICE),
        counted(500, NOON, NOON + timedelta(hours=1), actor=ALICE),
        counted(900, NOON, NOON + timedelta(hours=1), is_search=True),
        counted(900, NOON, NOON, is_allowed=False, code="no_grant", is_search=True),
        told(NOON, subject=ALICE),
    )
    await kept.has(44)
    uses = await kept.house.ask(
        "views", "select subject::text, first_at, last_at, times from usage_customers order by 1"
    )
    assert [tuple(row) for row in uses] == [
        (ALICE, NOON, NOON, 1),
        (LEO, NOON - timedelta(hours=2), NOON + timedelta(minutes=2), 43),
    ]
    refused = await kept.house.ask(
        "views", "select subject::text, permission, code, day, times from refused_customers"
    )
    assert [tuple(row) for row in refused] == [(LEO, "customer:read", "no_grant", NOON.date(), 6)]
    (known,) = await kept.house.ask("views", "select since from usage_known_customers")
    assert known["since"] == NOON - timedelta(hours=2)


def test_what_is_read_is_what_the_records_publish() -> None:
    for name, reader in RECORDS_CODEC.types.items():
        published = RECORDS.types[name].model_fields
        read = reader.model_fields
        assert {n: read[n].annotation for n in read} == {n: published[n].annotation for n in read}


async def test_the_record_that_told_the_last_use_is_the_evidence(kept: Kept) -> None:
    await kept.tell(counted(9, NOON, NOON), told(NOON - timedelta(hours=1)))
    await kept.has(10)
    (row,) = await kept.house.ask("views", "select event_id, partition from usage_customers")
    (told_it,) = await kept.house.ask(
        "truth", "select type, partition from records where event_id = $1", row["event_id"]
    )
    assert tuple(told_it) == ("DecisionsCounted", row["partition"])


async def test_refusals_are_kept_thirty_days(kept: Kept) -> None:
    refused: dict[str, Any] = {"is_allowed": False, "code": "no_grant"}
    await kept.tell(
        *(told(NOON + timedelta(days=day), **refused) for day in (0, 20, 31)), told(NOON)
    )
    await kept.has(1)
    days = await kept.house.ask("views", "select day from refused_customers order by day")
    assert [row["day"] for row in days] == [(NOON + timedelta(days=day)).date() for day in (20, 31)]


async def test_a_clock_far_ahead_takes_no_refusals_of_others_away(
    views: asyncpg.Connection,
) -> None:
    now = await views.fetchval("select now()")
    refused: dict[str, Any] = {"is_allowed": False, "code": "no_grant"}
    its = [told(at, **refused) for at in (now, now + timedelta(days=60))]
    await apply_events(Usage("customers"), views, [applied(one) for one in its])
    assert await views.fetchval("select count(*) from refused_customers") == 2


async def test_whoever_dies_and_whoever_comes_beside_count_nothing_twice(kept: Kept) -> None:
    second = await new_projector(kept.house)
    for number in range(30):
        await kept.tell(counted(1, NOON, NOON, subject=(LEO, ALICE)[number % 2]))
        if number == 10:
            kept.house.run(second)
        if number == 20:
            runner = kept.projector.runner
            assert runner is not None
            kept.projector._kept[1].task.cancel()  # noqa: SLF001 - it dies in whatever it does
    await kept.has(30)
    assert [row[4] for row in (await kept.rows())["usage"]] == [15, 15]


async def test_made_anew_from_the_store_it_is_the_same_and_knows_from_when_on(kept: Kept) -> None:
    await kept.tell(
        *(counted(n, NOON, NOON + timedelta(hours=n)) for n in range(1, 9)),
        told(NOON, is_allowed=False, code="out_of_scope"),
    )
    await kept.has(36)
    before = await kept.rows()
    assert before["usage_known"] == [(True, NOON)]
    number = await kept.projector.versions.begin("a test")

    async def answers() -> bool:
        versions = await kept.projector.versions.read()
        return any(one.number == number and one.state == "current" for one in versions)

    await until(answers, what="the new version")
    assert await kept.rows() == before


@pytest.fixture
async def views(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection as the projector has it."""
    await make_read_models(databases)
    dsn = databases.views_dsn.format(role="projector")
    connection = await asyncpg.connect(dsn, server_settings=dict(settings_of(NAME, 1)))
    yield connection
    await connection.close()


async def test_of_an_erased_person_nothing_is_kept_and_nothing_comes_back(
    views: asyncpg.Connection,
) -> None:
    uses = [
        applied(told(NOON, subject=subject, is_allowed=is_allowed))
        for subject in (LEO, ALICE)
        for is_allowed in (True, False)
    ]
    await apply_events(Usage("customers"), views, uses)
    erasing = AppliedEvent(received("SubjectErased", LEO), SubjectErased())
    async with views.transaction():
        await apply_events(ErasedPeople(), views, [erasing])
    await apply_events(Usage("customers"), views, uses)
    for table in ("usage_customers", "refused_customers"):
        rows = await views.fetch(f"select subject::text, times from {table}")
        assert [tuple(row) for row in rows] == [(ALICE, 2)]
