"""Whoever tries many records is found by the ids of all of them, though they are only counted."""

from collections import Counter
from itertools import chain

import pytest

from shared.authorization.permissions import Permission
from shared.eventstore.decision_types import DecisionsCounted
from shared.eventstore.records import record_columns
from shared.eventstore.writing import MAX_EVENT_BYTES
from shared.web import repeats
from shared.web.decision_log import MOST_EQUAL_DECISIONS
from shared.web.repeats import LISTED_TOGETHER, MOST_LISTED
from tests.shared.authorization.story import BEN, a_customer
from tests.shared.web.test_decision_log import READ, Work

ERASE = Permission.CUSTOMERS_ERASE


@pytest.fixture
def work() -> Work:
    return Work()


def refuse(work: Work, *ids: str, permission: Permission = READ) -> None:
    for one in ids:
        assert not work.rights().check(permission, a_customer(BEN, 0, one))[0]


async def counts(work: Work) -> list[DecisionsCounted]:
    work.clock.turn(61)
    await work.log.tell()
    return work.counted()


def numbered(count: int, first: int = 0) -> list[str]:
    return [f"customer-{number}" for number in range(first, first + count)]


async def test_of_a_hundred_and_fifty_refused_on_as_many_records_all_ids_are_on_record(
    work: Work,
) -> None:
    refuse(work, *numbered(150))
    await work.log.settle(work.notes, "rename_customer")
    [count] = await counts(work)
    assert (count.times, count.times_unlisted, count.operation) == (50, 0, "rename_customer")
    told = [one.resource_id for _, one in work.told()]
    assert [*told, *count.resource_ids] == numbered(150)


async def test_refusals_of_one_route_are_not_counted_with_those_of_another(work: Work) -> None:
    for operation in ("rename_customer", "merge_customers"):
        refuse(work, *numbered(MOST_EQUAL_DECISIONS + 1))
        await work.log.settle(work.notes, operation)
    assert Counter(one.operation for _, one in work.told()) == {
        "rename_customer": 100, "merge_customers": 100,
    }  # fmt: skip
    assert {one.operation: one.times for one in await counts(work)} == {
        "rename_customer": 1, "merge_customers": 1,
    }  # fmt: skip


async def test_whoever_tries_ten_thousand_is_found_by_each_of_them_and_what_is_cut_is_said(
    work: Work,
) -> None:
    tried = numbered(MOST_EQUAL_DECISIONS + MOST_LISTED + 7)
    refuse(work, *tried, *tried[-1_000:])
    await work.log.settle(work.notes)
    counted = await counts(work)
    assert {len(one.resource_ids) for one in counted} == {LISTED_TOGETHER, 0}
    told = {one.resource_id for _, one in work.told()}
    assert told | set(chain(*(one.resource_ids for one in counted))) == {*tried[:-7]}
    assert sum(one.times_unlisted for one in counted) == 14, "each of the seven was tried twice"
    assert sum(one.times for one in counted) == MOST_LISTED + 7 + 1_000


async def test_all_that_one_process_has_to_list_is_bounded_too_and_begins_anew_when_it_is_told(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "MOST_LISTED_OF_ALL", 5)
    for _ in range(2):
        work.stage.kept_records.clear()
        refuse(work, *numbered(104))
        refuse(work, *numbered(104), permission=ERASE)
        await work.log.settle(work.notes)
        found = {one.permission: one for one in await counts(work)}
        assert (len(found[READ].resource_ids), found[READ].times_unlisted) == (4, 0)
        assert (len(found[ERASE].resource_ids), found[ERASE].times_unlisted) == (1, 3)


async def test_the_ids_outlive_a_store_that_takes_nothing(work: Work) -> None:
    work.stage.is_store_down = True
    refuse(work, *numbered(150))
    await work.log.settle(work.notes)
    assert await counts(work) == []
    refuse(work, *numbered(50, first=150))
    await work.log.settle(work.notes)
    work.stage.is_store_down = False
    await work.log.tell(all_of_it=True)
    told = {one.resource_id for _, one in work.told()}
    assert told | set(chain(*(one.resource_ids for one in work.counted()))) == {*numbered(200)}
    assert sum(one.times for one in work.counted()) + len(work.told()) == 200


async def test_a_name_that_is_no_opaque_id_is_counted_and_not_written_down(work: Work) -> None:
    refuse(work, *numbered(100), "ada.lovelace@house.example", "customer-1")
    await work.log.settle(work.notes)
    [count] = await counts(work)
    assert (count.times, count.resource_ids, count.times_unlisted) == (2, ("customer-1",), 1)


async def test_however_long_the_ids_are_a_count_of_them_fits_into_a_record(work: Work) -> None:
    refuse(work, *(f"{number:064}" for number in range(MOST_EQUAL_DECISIONS + LISTED_TOGETHER)))
    await work.log.settle(work.notes)
    [count] = await counts(work)
    assert len(count.resource_ids) == LISTED_TOGETHER
    *_, data = record_columns(count, BEN, BEN, 1, work.clock.now())
    assert isinstance(data, bytes)
    assert len(data) < MAX_EVENT_BYTES * 2 / 3


async def test_what_is_refused_on_each_and_every_record_lists_none(work: Work) -> None:
    refuse(work, *[""] * (MOST_EQUAL_DECISIONS + 3))
    await work.log.settle(work.notes)
    [count] = await counts(work)
    assert (count.times, count.resource_ids, count.times_unlisted) == (3, (), 0)
