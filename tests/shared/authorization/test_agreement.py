"""A check, a row filter on PostgreSQL and a search say the same as the plain meaning, always."""

from collections import Counter
from dataclasses import replace
from random import Random

import asyncpg
import pytest

from shared.authorization import compiling, deciding, filtering
from shared.authorization.allowances import Allowance, Allowances
from shared.authorization.condition_sql import Column
from shared.authorization.filtering import Columns, row_filter
from shared.authorization.questions import Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.searching import allowed_permissions, allowed_subjects
from tests.shared.authorization.oracle import Oracle
from tests.shared.authorization.random_worlds import PERMISSIONS, Known, a_world, some_records
from tests.shared.authorization.story import NOON

NOW = moment(NOON)
CONTEXT: dict[str, object] = {"tags": ["a", "open"], "hour": 5}
ROWS = 100
COLUMNS = Columns(
    "customer", "id", "owner", "sensitivity",
    attributes={
        "status": Column("status", "text"), "size": Column("size", "integer"),
        "vip": Column("vip", "boolean"), "tags": Column("tags", "texts"),
    },
)  # fmt: skip


class Agreement:
    """Asks everything in all four ways, and counts what was asked and where they differ."""

    def __init__(self, connection: asyncpg.Connection, columns: Columns = COLUMNS) -> None:
        self._connection, self._columns = connection, columns
        self.seen: Counter[str] = Counter()

    async def about(self, dice: Random) -> None:
        """Ask about one more world: each subject and permission on each of its records."""
        known = a_world(dice)
        records = some_records(dice, known, ROWS)
        deeds = {
            record.id: {one: dice.sample([*known.subjects], 2) for one in PERMISSIONS}
            for record in records
        }
        await self._fill(records)
        oracle = Oracle(known, NOON, CONTEXT)
        allowed: dict[str, set[tuple[str, str]]] = {record.id: set() for record in records}
        for subject in known.subjects:
            for permission in PERMISSIONS:
                listed = await self._listed(known, subject, permission, deeds)
                for record in records:
                    its = deeds[record.id]
                    expected = oracle.allows(subject, permission, record, its)
                    found = self._checked(known, subject, permission, record, its)
                    self.seen["decisions"] += 1
                    self.seen["allowed"] += expected
                    self.seen["check"] += found != expected
                    self.seen["filter"] += (record.id in listed) != found
                    if found:
                        allowed[record.id].add((subject, permission))
        for record in records:
            self._search(known, record, deeds[record.id], allowed[record.id])

    async def _fill(self, records: list[Record]) -> None:
        await self._connection.execute("truncate rows")
        await self._connection.copy_records_to_table(
            "rows",
            records=[
                (one.id, one.owner, one.sensitivity, *one.attributes.values()) for one in records
            ],
        )

    def _checked(
        self,
        known: Known,
        subject: str,
        permission: str,
        record: Record,
        deeds: dict[str, list[str]],
    ) -> bool:
        around = Circumstances(context=CONTEXT, deeds=deeds)
        return deciding.decide(known.world, subject, permission, record, NOW, 0.0, around)[0]

    async def _listed(
        self, known: Known, subject: str, permission: str, deeds: dict[str, dict[str, list[str]]]
    ) -> set[str]:
        given: list[object] = []

        def bind(value: object) -> str:
            given.append(value)
            return f"${len(given)}"

        done = {
            one: [record for record, its in deeds.items() if subject in its[one]]
            for one in PERMISSIONS
        }
        where = row_filter(
            known.world, subject, permission, self._columns, bind, NOW, 0.0,
            Circumstances(context=CONTEXT), done,
        )  # fmt: skip
        found = await self._connection.fetch(f"select id from rows where {where.sql}", *given)
        return {str(row["id"]) for row in found}

    def _search(
        self,
        known: Known,
        record: Record,
        deeds: dict[str, list[str]],
        checked: set[tuple[str, str]],
    ) -> None:
        around = Circumstances(context=CONTEXT, deeds=deeds)
        by_subject = {
            (subject, one)
            for subject in known.subjects
            for one in allowed_permissions(known.world, subject, record, NOW, 0.0, around)
        }
        by_permission = {
            (subject, one)
            for one in PERMISSIONS
            for subject in allowed_subjects(known.world, one, record, NOW, 0.0, around)
        }
        self.seen["search"] += len(by_subject ^ checked) + len(by_permission ^ checked)


async def ask(agreement: Agreement, dice: Random, decisions: int) -> Counter[str]:
    while agreement.seen["decisions"] < decisions:
        await agreement.about(dice)
    print(dict(agreement.seen))  # noqa: T201 - pytest shows it when the test fails
    return agreement.seen


async def test_check_filter_and_search_say_what_the_policy_means(
    rows: asyncpg.Connection, dice: Random
) -> None:
    seen = await ask(Agreement(rows), dice, 40_000)
    assert (seen["check"], seen["filter"], seen["search"]) == (0, 0, 0)
    assert seen["allowed"] > seen["decisions"] / 20


@pytest.mark.soak
@pytest.mark.timeout(1_800)
async def test_they_say_the_same_a_million_times(rows: asyncpg.Connection, dice: Random) -> None:
    seen = await ask(Agreement(rows), dice, 1_000_000)
    assert (seen["check"], seen["filter"], seen["search"]) == (0, 0, 0)


async def test_a_check_that_shows_what_is_not_classified_is_caught(
    rows: asyncpg.Connection, dice: Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "RESTRICTED", 0)
    monkeypatch.setattr(Record, "rank", property(lambda record: record.sensitivity or 0))
    seen = await ask(Agreement(rows), dice, 12_000)
    assert seen["check"]
    assert seen["filter"]


async def test_a_filter_that_lists_what_is_not_classified_is_caught(
    rows: asyncpg.Connection, dice: Random
) -> None:
    columns = replace(COLUMNS, sensitivity="coalesce(sensitivity, 0)")
    seen = await ask(Agreement(rows, columns), dice, 12_000)
    assert seen["filter"]
    assert not seen["check"]


async def test_a_filter_that_forgets_denials_is_caught(
    rows: asyncpg.Connection, dice: Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtering.FilterWriter, "denials", lambda *_: [])
    seen = await ask(Agreement(rows), dice, 12_000)
    assert seen["filter"]
    assert not seen["check"]


async def test_joining_the_widest_scope_with_the_highest_clearance_is_caught(
    rows: asyncpg.Connection, dice: Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    def joined(one: Allowances, other: Allowances) -> Allowances:
        ways = (*one, *other)
        best = max(way.scope for way in ways), max(way.clearance for way in ways)
        return (Allowance(*best, ways[0].source, ways[0].more),)

    monkeypatch.setattr(compiling, "merged", joined)
    seen = await ask(Agreement(rows), dice, 12_000)
    assert seen["check"]
    assert not seen["filter"]
