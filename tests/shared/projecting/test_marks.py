"""The one rule of every consumer, and marks that move only from what they were."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from shared.messaging.verdicts import Verdict
from shared.postgres.dsn import dsn_for
from shared.projecting.marks import (
    Followed,
    Mark,
    MarkMovedError,
    move_marks,
    read_marks,
)
from shared.testing.clock import NOON
from tests.ground.servers import Databases
from tests.shared.projecting.tally import DEFINE

DROP, APPLY, GAP, NEW = Verdict.DROP, Verdict.APPLY, Verdict.GAP, Verdict.NEW_EPOCH
FOLLOWED = Followed("tally", "/daybook/notes", "daybook.notes.v1", 3)

RULE = [
    # mark (epoch, n) · what comes (epoch, n) · what to do
    ((0, 0), (1, 1), APPLY),
    ((0, 0), (7, 1), APPLY),
    ((0, 0), (1, 2), GAP),
    ((1, 5), (1, 6), APPLY),
    ((1, 5), (1, 5), DROP),
    ((1, 5), (1, 1), DROP),
    ((1, 5), (1, 7), GAP),
    ((1, 5), (1, 999), GAP),
    ((2, 5), (1, 6), DROP),
    ((2, 5), (1, 999), DROP),
    ((2, 5), (1, 1), DROP),
    ((1, 5), (2, 1), NEW),
    ((1, 5), (2, 6), NEW),
    ((1, 5), (3, 2), NEW),
]


@pytest.mark.parametrize(("mark", "comes", "verdict"), RULE)
def test_what_a_consumer_does_with_an_event_depends_on_its_mark_alone(
    mark: tuple[int, int], comes: tuple[int, int], verdict: Verdict
) -> None:
    assert Mark(0, *mark).judge(*comes) is verdict


@pytest.fixture
async def projector(views: Databases) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection as the projector."""
    admin = await asyncpg.connect(views.admin_dsn("views"))
    await admin.execute(DEFINE + ";" + DEFINE.replace("tally", "other"))
    await admin.close()
    connection = await asyncpg.connect(dsn_for(views.views_dsn, "projector"))
    yield connection
    await connection.close()


def _ahead(mark: Mark, by: int) -> Mark:
    return replace(
        mark, epoch=1, feed_position=mark.feed_position + by, txid=9, position=8, kafka_offset=7
    )


async def test_missing_marks_are_made_and_stand_at_nothing(
    projector: asyncpg.Connection,
) -> None:
    for _ in range(2):
        assert await read_marks(projector, FOLLOWED) == {p: Mark(p) for p in range(3)}


async def test_marks_move_together_and_leave_a_row_for_the_journey(
    projector: asyncpg.Connection,
) -> None:
    marks = await read_marks(projector, FOLLOWED)
    await move_marks(
        projector, FOLLOWED, [(marks[p], _ahead(marks[p], p + 1)) for p in (0, 2)], NOON
    )
    now = await read_marks(projector, FOLLOWED)
    assert now == {0: _ahead(marks[0], 1), 1: Mark(1), 2: _ahead(marks[2], 3)}
    rows = await projector.fetch("select * from projection_batches order by partition")
    assert [tuple(row) for row in rows] == [
        ("tally", FOLLOWED.topic, 0, 1, 1, NOON),
        ("tally", FOLLOWED.topic, 2, 1, 3, NOON),
    ]


async def test_if_one_mark_was_moved_by_another_none_is_moved(
    projector: asyncpg.Connection,
) -> None:
    marks = await read_marks(projector, FOLLOWED)
    await move_marks(projector, FOLLOWED, [(marks[1], _ahead(marks[1], 1))], NOON)
    both = [(marks[p], _ahead(marks[p], 2)) for p in (0, 1)]
    transaction = projector.transaction()
    await transaction.start()
    with pytest.raises(MarkMovedError):
        await move_marks(projector, FOLLOWED, both, NOON)
    await transaction.rollback()
    now = await read_marks(projector, FOLLOWED)
    assert (now[0].feed_position, now[1].feed_position) == (0, 1)


async def test_projections_sources_and_topics_have_marks_of_their_own(
    projector: asyncpg.Connection,
) -> None:
    marks = await read_marks(projector, FOLLOWED)
    await move_marks(projector, FOLLOWED, [(marks[0], _ahead(marks[0], 5))], NOON)
    for other in (
        replace(FOLLOWED, projection="other"),
        replace(FOLLOWED, source="/daybook/others"),
        replace(FOLLOWED, topic="daybook.others.v1"),
    ):
        assert (await read_marks(projector, other))[0] == Mark(0)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("api", "update projection_marks set feed_position = 0"),
        ("api", "insert into projection_marks select 'x', 'x', 'x', 0, 1"),
        ("api", "delete from projection_batches"),
        ("projector", "delete from projection_marks"),
        ("projector", "drop table projection_marks"),
        ("relay", "select * from projection_marks"),
        ("relay", "select * from directory"),
        ("api", "update directory set name = 'x'"),
    ],
)
async def test_only_the_projector_moves_marks_and_nobody_deletes_them(
    views: Databases, role: str, statement: str
) -> None:
    connection = await asyncpg.connect(dsn_for(views.views_dsn, role))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()
