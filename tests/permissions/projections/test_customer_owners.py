"""Whose customers are follows their service's events, and can be made anew from its feed alone."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from services.permissions.projections.customer_owners import CustomerOwners
from services.permissions.projections.customer_records import (
    COLUMNS,
    Customer,
    CustomerRecords,
    key_of,
)
from services.permissions.projections.incoming import CODEC
from services.permissions.roles.service import FOLLOWED_CUSTOMERS
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import UnavailableError
from shared.eventstore.codec import NothingSealed
from shared.projecting.http_feed import HttpFeed
from shared.projecting.marks import Mark
from shared.projecting.parts import ProjectionParts
from shared.projecting.projector import Projector
from shared.projecting.store_feed import StoreFeed
from shared.testing.verifier import token_of
from shared.testing.waiting import until
from tests.customers.api.asking import if_match, read, register
from tests.ground.house import House
from tests.permissions.views import make_read_models

ALICE, LEO = (DEMO_PEOPLE[name].subject for name in ("alice", "leo"))
TOKEN = "a token"  # noqa: S105 - of nobody


@dataclass(frozen=True, slots=True)
class Followed:
    """Customers, and the projector that keeps whose they are."""

    house: House
    records: CustomerRecords
    projector: Projector
    feed: HttpFeed

    async def change(self, customer: dict[str, Any], action: str, **body: object) -> dict[str, Any]:
        """Change a customer as a sales manager may; return it as it is now."""
        answer = await self.house.client("bob").post(
            f"/v1/customers/{customer['id']}/{action}",
            json=body, headers=if_match(customer["version"]),
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return read(answer)

    async def applied(self) -> None:
        """Return once the read model has everything that the store has."""

        async def is_level() -> bool:
            rows = await self.house.ask(
                "views",
                "select m.partition, m.feed_position as n from projection_marks m"
                " join projection_versions v using (projection, version)"
                " where m.projection = 'customer_owners' and v.state = 'current'"
                " and m.feed_position > 0",
            )
            return {row["partition"]: row["n"] for row in rows} == await self.house.stored()

        await until(is_level, what="that it has every event of the store")

    async def kept(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows, apart from when and in which version they were written."""
        return {
            table: [tuple(row) for row in await self.house.ask("views", f"table {table}")]
            for table in ("customer_owners", "customer_owners_before")
        }


@pytest.fixture
async def followed(house: House) -> Followed:
    await make_read_models(house.databases)
    follows = replace(FOLLOWED_CUSTOMERS, topic=house.topic.name)
    feed = HttpFeed(house.client("customers"), "http://daybook", _token, _forget, follows)
    views = await house.lanes(house.databases.views_dsn, "projector", 2)
    projector = Projector(
        ProjectionParts(
            projection=CustomerOwners(),
            followed=follows,
            codec=CODEC,
            ciphers=NothingSealed(),
            feed=feed,
            views=views,
            open_views=lambda its: house.lanes(house.databases.views_dsn, "projector", 2, its),
            discarded=_nothing,
            kafka=house.kafka,
            clock=house.clock,
            tracing=house.tracing,
        )
    )
    reader = await house.lanes(house.databases.views_dsn, "api", 2)
    await house.start(runner=False)
    house.run(projector)
    return Followed(house, CustomerRecords(reader), projector, feed)


async def _token() -> str:
    return token_of("customers")


def _forget() -> None:
    raise AssertionError("no token is refused here")


async def _nothing() -> frozenset[str]:
    return frozenset()


async def test_it_is_known_whose_a_customer_is_and_whose_it_was(followed: Followed) -> None:
    ada = await register(followed.house.client("bob"), "Ada")
    moments = [await _later(followed)]
    for action, body in (
        ("assign", {"owner": ALICE}), ("assign", {"owner": LEO}), ("stage", {"stage": "active"}),
    ):  # fmt: skip
        ada = await followed.change(ada, action, **body)
        moments.append(await _later(followed))
    await followed.change(ada, "rename", name="Ada King")
    await followed.applied()
    its, records = ada["id"], followed.records
    assert (await records.now([its, "nobody"])) == {
        its: Customer(LEO, "person", "active", is_archived=False, is_erased=False)
    }
    then = [await records.at(its, moment) for moment in moments]
    assert [(one.owner, one.stage) for one in then if one is not None] == [
        (None, "lead"), (ALICE, "lead"), (LEO, "lead"), (LEO, "active"),
    ]  # fmt: skip
    assert await records.at(its, await _later(followed)) == then[-1]
    assert await records.at(its, moments[0] - timedelta(days=1)) is None
    changed_at = next(one.since for one in then if one is not None and one.owner == ALICE)
    assert changed_at is not None
    at_that = await records.at(its, changed_at)
    before = await records.at(its, changed_at - timedelta(microseconds=1))
    assert at_that is not None
    assert before is not None
    assert (before.owner, at_that.owner) == (None, ALICE), "a moment belongs to what begins at it"


async def test_of_an_erased_customer_nothing_is_kept_of_whose_it_was(followed: Followed) -> None:
    house = followed.house
    ada = await register(house.client("bob"), "Ada")
    ada = await followed.change(ada, "assign", owner=ALICE)
    moment = await _later(followed)
    ada = await followed.change(ada, "assign", owner=LEO)
    answer = await house.client("petra").post(
        f"/v1/customers/{ada['id']}/erasure", json={"reason": "asked-by-the-person"}
    )
    assert answer.status_code in {200, 202}, answer.text
    await followed.applied()
    its = ada["id"]
    assert (await followed.records.now([its]))[its] == Customer(
        None, "person", None, is_archived=False, is_erased=True
    )
    assert await followed.records.at(its, moment) is None
    assert (await followed.kept())["customer_owners_before"] == []


async def test_it_is_made_anew_from_the_feed_of_the_other_service_and_is_the_same(
    followed: Followed,
) -> None:
    customers = [await register(followed.house.client("bob"), f"Ada {n}") for n in range(20)]
    for customer in customers[:8]:
        await followed.change(customer, "assign", owner=ALICE)
    await followed.change(customers[9], "archive", reason="a double")
    await followed.applied()
    before = await followed.kept()
    assert len(before["customer_owners"]) == 20
    assert len(before["customer_owners_before"]) == 9
    number = await followed.projector.versions.begin("a test")

    async def answers() -> bool:
        versions = await followed.projector.versions.read()
        return any(one.number == number and one.state == "current" for one in versions)

    await until(answers, what="the new version")
    after = await followed.kept()
    assert {name: sorted(rows, key=str) for name, rows in after.items()} == {
        name: sorted(rows, key=str) for name, rows in before.items()
    }


async def test_what_comes_over_http_is_what_the_store_has(followed: Followed) -> None:
    house = followed.house
    for n in range(30):
        await register(house.client("bob"), f"Ada {n}")
    truth = await house.lanes(house.databases.truth_dsn, "projector", 1)
    stored = StoreFeed(truth, replace(FOLLOWED_CUSTOMERS, topic=house.topic.name))
    marks = {p: Mark(p) for p in range(house.topic.partitions)}

    async def is_readable() -> bool:
        found = await stored.behind(marks, dict.fromkeys(marks, 9))
        return len(found.events) == 30

    await until(is_readable, what="that no transaction is under way")
    theirs = await stored.behind(marks, dict.fromkeys(marks, 9))
    ours = await followed.feed.behind(marks, dict.fromkeys(marks, 9))
    assert ours.epoch == theirs.epoch
    assert [_as_read(event) for event in ours.events] == [
        _as_read(event) for event in theirs.events
    ]
    assert (await followed.feed.behind(marks, {})).events == []


async def test_a_service_that_refuses_is_not_taken_for_an_empty_feed(followed: Followed) -> None:
    refused: list[str] = []

    async def old_token() -> str:
        return TOKEN

    follows = replace(FOLLOWED_CUSTOMERS, topic=followed.house.topic.name)
    answers = httpx.MockTransport(lambda _: httpx.Response(401))
    async with httpx.AsyncClient(transport=answers) as http:
        feed = HttpFeed(http, "http://x", old_token, lambda: refused.append(""), follows)
        with pytest.raises(UnavailableError, match="answers 401"):
            await feed.behind({0: Mark(0)}, {0: 1})
    assert refused == [""], "the next try asks for another token"


async def test_a_page_of_those_that_a_filter_selects_comes_by_id(followed: Followed) -> None:
    ids = sorted(
        [(await register(followed.house.client("bob"), f"Ada {n}"))["id"] for n in range(5)]
    )
    await followed.applied()
    rows = f"{COLUMNS.id} <> $1::uuid"
    first = await followed.records.page(rows, [ids[1]], "", 2)
    assert first == [ids[0], ids[2]]
    assert await followed.records.page(rows, [ids[1]], first[-1], 9) == ids[3:]
    assert key_of(ids[0].upper()) is None or ids[0].isdigit(), "another spelling is another id"


async def _later(followed: Followed) -> datetime:
    """Return a moment behind everything that is stored, by the store's clock."""
    (row,) = await followed.house.ask("truth", "select clock_timestamp() as now")
    moment: datetime = row["now"]
    return moment


def _as_read(event: Any) -> tuple[object, ...]:  # noqa: ANN401
    return (
        event.source, event.epoch, event.partition, event.feed_position, event.txid,
        event.position, event.event_id, event.type, event.schema_version, event.stream,
        event.version, event.subject, event.recorded_at, orjson.loads(event.data),
    )  # fmt: skip
