"""A holder has erased somebody when every copy is gone, also in a version that is being built."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.holders import CipherCaches, ErasedSubject, ParkedEvents, ReadModels
from shared.testing.clock import NOON, TurnableClock
from tests.ground.servers import Databases
from tests.shared.projecting.tally import DEFINE

SUBJECT = ErasedSubject("ada", 3, 2, 700, 41, NOON)
MARK = """insert into projection_marks
    (projection, version, source, topic, partition, epoch, feed_position, txid, position)
    values ($1, 1, $2, 'topic', $3, $4, 9, $5, $6)"""

PARK = """insert into parked_streams values ('directory', 1, 'customer-1', $1, gen_random_uuid(),
    'ValueError', 'here', 3, $2, $2)"""


async def answer(views: Databases, *marks: tuple[object, ...], is_noted: bool = True) -> bool:
    """Ask with these marks: projection, source, partition, epoch, txid, position."""
    connection = await asyncpg.connect(views.admin_dsn("views"))
    lanes = Lanes(dsn_for(views.views_dsn, "api"), 1, application_name="holders")
    try:
        await connection.executemany(MARK, marks)
        if is_noted:
            await connection.execute("insert into erased_subjects values ('ada', $1)", NOON)
        await lanes.open()
        return await ReadModels(lanes, "/notes", "topic").has_erased(SUBJECT)
    finally:
        await lanes.close()
        await connection.close()


APPLIED = ("directory", "/notes", 3, 2, 700, 41)


async def test_a_read_model_that_applied_the_erasure_has_erased(views: Databases) -> None:
    assert await answer(views, APPLIED)


async def test_the_marks_of_others_and_of_other_partitions_do_not_matter(views: Databases) -> None:
    others = [("directory", "/notes", 4, 1, 1, 1), ("copy", "/other", 3, 1, 1, 1)]
    assert await answer(views, APPLIED, *others)


@pytest.mark.parametrize("behind", [(2, 700, 40), (2, 699, 50), (1, 800, 50)])
async def test_one_version_that_lags_is_enough_to_wait_for(
    views: Databases, behind: tuple[int, ...]
) -> None:
    assert not await answer(views, APPLIED, ("directory-2", "/notes", 3, *behind))


async def test_a_database_that_does_not_know_of_the_erasure_has_not_erased(
    views: Databases,
) -> None:
    assert not await answer(views, APPLIED, is_noted=False)


async def test_a_version_that_is_still_to_be_removed_has_not_erased(views: Databases) -> None:
    connection = await asyncpg.connect(views.admin_dsn("views"))
    await connection.execute(
        DEFINE
        + ";select make_projection_version('tally', 'again');"
        + "select swap_projection_version('tally', 2, false)"
    )
    await connection.close()
    assert not await answer(views, APPLIED)


async def test_a_database_without_read_models_has_not_answered(views: Databases) -> None:
    assert not await answer(views)


@pytest.mark.parametrize(
    ("parked", "is_applied", "has_erased"),
    [("ada", True, False), ("bea", True, True), ("bea", False, False)],
)
async def test_parked_events_are_erased_when_none_is_left_and_none_can_come(
    views: Databases, parked: str, *, is_applied: bool, has_erased: bool
) -> None:
    behind = ("directory", "/notes", 3, 2, 700, 40)
    await answer(views, APPLIED if is_applied else behind)
    admin = await asyncpg.connect(views.admin_dsn("views"))
    lanes = Lanes(dsn_for(views.views_dsn, "api"), 1, application_name="holders")
    try:
        await admin.execute(PARK, parked, NOON)
        await lanes.open()
        read_models = ReadModels(lanes, "/notes", "topic")
        assert await ParkedEvents(read_models, lanes).has_erased(SUBJECT) == has_erased
    finally:
        await lanes.close()
        await admin.close()


async def test_caches_have_erased_when_the_longest_of_their_lives_is_over(
    clock: TurnableClock,
) -> None:
    caches = CipherCaches(clock)
    clock.turn(60)
    assert not await caches.has_erased(SUBJECT)
    later = replace(SUBJECT, erased_at=NOON - timedelta(seconds=1))
    assert await caches.has_erased(later)
