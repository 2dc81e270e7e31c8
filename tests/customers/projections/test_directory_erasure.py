"""Whoever is noted as erased never gets a name in the directory again, whoever writes the row."""

from datetime import timedelta

import asyncpg
import pytest

from services.customers.projections.directory import Directory
from shared.projecting.erased import note_erased
from shared.testing.clock import NOON
from tests.customers.projections.test_directory import ADA, BEA, came, registered, renamed


async def rows(views: asyncpg.Connection) -> list[tuple[object, ...]]:
    found = await views.fetch(
        "select name, details, sort_name, coalesce(search, ''), is_erased, version"
        " from directory left join directory_text using (id) order by id"
    )
    return [tuple(row) for row in found]


async def test_a_row_that_is_written_after_the_erasure_is_written_without_a_name(
    views: asyncpg.Connection,
) -> None:
    await note_erased(views, {str(ADA): NOON})
    # As from a process whose cache still has the key.
    await Directory().apply(
        views, [came(ADA, 1, registered("Ada")), came(BEA, 1, registered("Bea"))]
    )
    assert await rows(views) == [
        (None, "{}", "", "", True, 1),
        ("Bea", "{}", "bea", ". bea\n", False, 1),
    ]
    await Directory().apply(views, [came(ADA, 2, renamed("Ada King"))])
    assert (await rows(views))[0] == (None, "{}", "", "", True, 2)


async def test_a_row_is_emptied_whatever_version_it_is_at(views: asyncpg.Connection) -> None:
    await Directory().apply(
        views, [came(ADA, 1, registered("Ada")), came(BEA, 1, registered("Bea"))]
    )
    await Directory().forget(views, [str(ADA)])
    assert await rows(views) == [
        (None, "{}", "", "", True, 1),
        ("Bea", "{}", "bea", ". bea\n", False, 1),
    ]


async def test_an_erasure_is_noted_once_and_nobody_takes_it_back(
    views: asyncpg.Connection,
) -> None:
    await note_erased(views, {str(ADA): NOON})
    await note_erased(views, {str(ADA): NOON + timedelta(hours=1)})
    noted = await views.fetch("select subject, erased_at from erased_subjects")
    assert [tuple(row) for row in noted] == [(str(ADA), NOON)]
    for statement in ("delete from erased_subjects", "update erased_subjects set subject = ''"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await views.execute(statement)
