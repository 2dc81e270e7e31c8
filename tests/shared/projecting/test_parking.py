"""An event that cannot be applied waits with what follows in its stream; all others flow."""

import asyncio
from uuid import UUID

import asyncpg
import orjson
import pytest

from shared.messaging.headers import ReceivedEvent
from shared.testing.waiting import until
from tests.shared.projecting.tally import FOR_EVER, Following, Record, a_record, id_of, records

PARKED = """select stream, event_id, error, place, attempts, first_failed_at, last_failed_at
    from parked_streams order by stream"""
EVENTS = "select feed_position, data, envelope, type from parked_events order by feed_position"


def about(stream: str, *feed_positions: int) -> list[Record]:
    """Return the records of these events of that stream."""
    return [a_record(n, stream=stream) for n in feed_positions]


async def has_parked(following: Following, *feed_positions: int) -> None:
    """Return when exactly these events are parked."""
    wanted = list(feed_positions)

    async def are_there() -> bool:
        rows = await following.ask("views", EVENTS)
        return [row["feed_position"] for row in rows] == wanted

    await until(are_there, what=f"that {wanted} are parked, and nothing else")


async def has_reached(following: Following, feed_position: int) -> None:
    """Return when the mark of partition 0 is there."""

    async def is_there() -> bool:
        return (await following.marks())[0][1] == feed_position

    await until(is_there, what=f"that the mark is at {feed_position}")


async def test_poison_parks_its_stream_and_the_others_flow(
    following: Following, caplog: pytest.LogCaptureFixture
) -> None:
    following.tally.poison = {id_of(3): FOR_EVER}
    await following.publish(0, about("a", 1))
    await following.publish(0, about("b", 2, 3, 4) + about("c", 5))
    await following.publish(1, records(1))
    runner = await following.start_runner()
    await has_parked(following, 3, 4)
    await following.has_applied(1, 2, 5)
    await following.has_applied(1, partition=1)
    assert (await following.marks())[0][1] == 5
    (stream,) = await following.ask("views", PARKED)
    assert (stream["stream"], stream["event_id"]) == ("b", id_of(3))
    assert stream["error"] == "ValueError"
    assert stream["place"].startswith("tests/shared/projecting/tally.py:")
    assert stream["attempts"] == 3
    assert runner.status.last_failure is None
    assert "Ada" not in caplog.text + str(await following.ask("views", PARKED))
    assert any("its stream is parked" in line.message for line in caplog.records)


async def test_what_is_parked_is_the_event_as_it_came(following: Following) -> None:
    data = b'{"text": "' + b"x" * 60_000 + b'", "personal" : 1 }'
    following.tally.poison = {id_of(1): FOR_EVER}
    await following.publish(0, [a_record(1, data=data)])
    await following.start_runner()
    await has_parked(following, 1)
    (row,) = await following.ask("views", EVENTS)
    assert row["data"] == data
    event = ReceivedEvent(**orjson.loads(row["envelope"]), data=row["data"])
    assert (event.stream, event.version, event.txid) == ("note-1", 1, 900)


async def test_new_events_of_a_parked_stream_wait_behind_the_others_also_after_a_new_start(
    following: Following,
) -> None:
    following.tally.poison = {id_of(1): FOR_EVER}
    await following.publish(0, about("a", 1))
    await following.start_runner()
    await has_parked(following, 1)
    await following.publish(0, about("a", 2) + about("b", 3))
    await has_parked(following, 1, 2)
    await following.stop()
    following.tally.poison = {}
    await following.publish(0, about("a", 4) + about("b", 5))
    await following.start_runner()
    await has_parked(following, 1, 2, 4)
    await following.has_applied(3, 5)


async def test_a_handler_that_fails_only_sometimes_heals_and_parks_nothing(
    following: Following,
) -> None:
    # The batch fails, and the event alone twice; its third try is the last one.
    following.tally.poison = {id_of(1): 3, id_of(4): 1}
    await following.publish(0, about("a", 1))
    await following.start_runner()
    await following.has_applied(1)
    await following.publish(0, about("a", 2, 3) + about("b", 4, 5, 6))
    await following.has_applied(1, 2, 3, 4, 5, 6)
    assert await following.ask("views", PARKED) == []


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(), asyncpg.InterfaceError("closed"), asyncpg.AdminShutdownError("x"),
        asyncpg.DiskFullError("x"), asyncpg.UndefinedTableError("x"),
        asyncpg.DeadlockDetectedError("x"), asyncpg.ConnectionDoesNotExistError("x"),
        TimeoutError(), MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
async def test_a_failure_of_a_server_is_never_an_events_fault(
    following: Following, error: Exception
) -> None:
    following.tally.error = error
    following.tally.poison = {id_of(2): 1}
    await following.publish(0, about("a", 1) + about("b", 2))
    runner = await following.start_runner()
    await until(lambda: runner.status.last_failure is not None, what="the failure")
    await following.has_applied(1, 2)
    assert await following.ask("views", PARKED) == []


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), asyncpg.NotNullViolationError("x"), asyncpg.NumericValueOutOfRangeError("x"),
     RecursionError(), asyncpg.exceptions._base.DataError("x")],  # noqa: SLF001 - as asyncpg raises it
    ids=lambda error: type(error).__name__,
)  # fmt: skip
async def test_a_failure_over_a_value_is_the_events_fault(
    following: Following, error: Exception
) -> None:
    following.tally.error = error
    following.tally.poison = {id_of(2): FOR_EVER}
    await following.publish(0, about("a", 1) + about("b", 2) + about("c", 3))
    await following.start_runner()
    await has_parked(following, 2)
    await following.has_applied(1, 3)


async def test_an_event_that_cannot_be_read_is_poison_and_an_unknown_type_is_not(
    following: Following,
) -> None:
    broken = [
        a_record(2, stream="b", data=b"not json"),
        a_record(3, stream="c", data=b'{"text":1}'),
    ]
    unknown = [a_record(4, stream="d", name="NoteFolded", data=b'{"newer": 1}')]
    await following.publish(0, [*about("a", 1), *broken, *unknown])
    await following.start_runner()
    await has_parked(following, 2, 3)
    await following.has_applied(1, 4)


async def test_an_erasure_overtakes_what_is_parked_of_its_subject(following: Following) -> None:
    following.tally.poison = {id_of(1): FOR_EVER, id_of(2): FOR_EVER}
    await following.publish(0, about("a", 1) + about("b", 2))
    await following.start_runner()
    await has_parked(following, 1, 2)
    shredded = a_record(4, stream="a", name="NoteShredded")
    await following.publish(0, [*about("a", 3), shredded, *about("a", 5)])
    await following.has_applied(4, 5)
    await has_parked(following, 2)
    assert following.tally.forgotten == ["a"]
    assert [r["subject"] for r in await following.ask("views", "table erased_subjects")] == ["a"]


async def test_an_erasure_that_cannot_be_applied_erases_nevertheless(following: Following) -> None:
    following.tally.poison = {id_of(1): FOR_EVER, id_of(2): FOR_EVER}
    await following.publish(0, about("a", 1))
    await following.start_runner()
    await has_parked(following, 1)
    await following.publish(0, [a_record(2, stream="a", name="NoteShredded")])
    await has_parked(following, 2)
    assert "a" in following.tally.forgotten
    assert len(await following.ask("views", "table erased_subjects")) == 1


async def test_a_zombie_parks_nothing(following: Following) -> None:
    zombie_has_begun, zombie_may_go_on = asyncio.Event(), asyncio.Event()

    async def stand_still() -> None:
        zombie_has_begun.set()
        await zombie_may_go_on.wait()

    following.tally.meanwhile = stand_still
    await following.publish(0, about("a", 1))
    zombie = await following.start_runner()
    await zombie_has_begun.wait()
    await following.start_runner()
    await following.has_applied(1)
    following.tally.poison = {id_of(1): FOR_EVER}
    zombie_may_go_on.set()
    await until(lambda: not zombie.status.is_following, what="that the zombie fell down")
    assert await following.ask("views", PARKED) == []


async def test_two_runners_agree_on_what_is_parked(following: Following) -> None:
    following.tally.poison = {id_of(n): FOR_EVER for n in (2, 11, 35)}
    await following.start_runner()
    await following.start_runner()
    for first in range(1, 41, 4):
        await following.publish(
            0, [a_record(n, stream=f"s{n % 3}") for n in range(first, first + 4)]
        )
    await has_reached(following, 40)
    parked = [n for n in range(1, 41) if n % 3 == 2]
    await has_parked(following, *parked)
    await following.has_applied(*(n for n in range(1, 41) if n % 3 != 2))
    streams = await following.ask("views", PARKED)
    assert [(row["stream"], UUID(str(row["event_id"]))) for row in streams] == [("s2", id_of(2))]
