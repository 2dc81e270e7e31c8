"""A repeated command happens once and is answered as it was the first time."""

import asyncio

import asyncpg
import pytest

from shared.errors import InvalidInputError
from shared.eventstore.store import APPEND, EventStore
from shared.eventstore.writing import NO_EVENT, Appended, Remember
from shared.postgres.dsn import dsn_for
from shared.testing.clock import NOON
from shared.testing.waiting import until
from tests.ground.events import ORIGIN, an_event, some_events, write
from tests.ground.servers import Databases

KEY = Remember(b"key", b"mac", 201, "/v1/notes/1")
OTHER_BODY = Remember(b"key", b"another", 201, "/v1/notes/1")


async def _append(
    store: EventStore, version: int, number: int = 1, remember: Remember = KEY
) -> Appended:
    return await store.append("note-1", "ada", version, some_events(number), ORIGIN, NOON, remember)


async def test_a_repeated_command_is_not_done_again_and_gets_the_first_answer(
    store: EventStore,
) -> None:
    first = await _append(store, 0, 2)
    second = await _append(store, 0, 2)
    assert not first.is_replay
    assert second.is_replay
    assert (second.status, second.location) == (201, "/v1/notes/1")
    assert (second.stream, second.version, second.token) == ("note-1", 2, first.token)
    assert len(await store.load("note-1")) == 2


async def test_a_repeated_command_gets_its_answer_even_when_things_have_moved_on(
    store: EventStore,
) -> None:
    first = await _append(store, 0)
    await write(store, "note-1", 1, subject="ada")
    again = await _append(store, 0)
    assert (again.is_replay, again.version, again.token) == (True, 1, first.token)


async def test_the_same_key_with_another_body_is_refused(store: EventStore) -> None:
    await _append(store, 0)
    with pytest.raises(InvalidInputError) as refused:
        await _append(store, 1, remember=OTHER_BODY)
    assert refused.value.problem_code == "idempotency-key-reused"
    with pytest.raises(InvalidInputError):
        await store.remembered(OTHER_BODY)
    assert await store.version_of("note-1") == 1


async def test_an_answer_can_be_looked_up_before_anything_is_decided(store: EventStore) -> None:
    assert await store.remembered(KEY) is None
    first = await _append(store, 0)
    known = await store.remembered(KEY)
    assert known is not None
    assert known.is_replay
    assert (known.status, known.version, known.token) == (201, 1, first.token)


async def test_a_command_that_changes_nothing_is_remembered_too(store: EventStore) -> None:
    await write(store, "note-1", 0, some_events(2), subject="ada")
    first = await _append(store, 2, 0)
    again = await _append(store, 2, 0)
    assert (first.version, again.version) == (2, 2)
    assert (first.is_replay, again.is_replay) == (False, True)
    [_, last] = await store.load("note-1")
    assert (again.token.txid, again.token.position) == (last.txid, last.position)
    assert len(await store.load("note-1")) == 2


async def test_a_refused_command_leaves_its_key_free(store: EventStore) -> None:
    await write(store, "note-1", 0, subject="ada")
    with pytest.raises(Exception, match="changed"):
        await _append(store, 0)
    assert await store.remembered(KEY) is None
    assert not (await _append(store, 1)).is_replay


@pytest.mark.parametrize("first_is_kept", [True, False])
async def test_a_twin_waits_for_the_first_and_does_the_work_only_if_the_first_did_not(
    store: EventStore, databases: Databases, admin: asyncpg.Connection, first_is_kept: bool
) -> None:
    connection = await asyncpg.connect(dsn_for(databases.truth_dsn, "api"))
    first = connection.transaction()
    await first.start()
    event = an_event("first")
    row = await connection.fetchrow(
        APPEND, KEY.key, KEY.body_mac, KEY.status, KEY.location, "note-1", 0, "ada", 0, NOON,
        ORIGIN.actor, ORIGIN.correlation_id, ORIGIN.causation_id, ORIGIN.connection,
        ORIGIN.traceparent, event.event_id, event.type, 1, event.data, *NO_EVENT,
    )  # fmt: skip
    assert row is not None
    twin = asyncio.create_task(_append(store, 0))

    async def twin_waits() -> bool:
        locks = "select count(*) from pg_locks where not granted and locktype = 'transactionid'"
        return bool(await admin.fetchval(locks))

    await until(twin_waits, what="that the twin waits for the first")
    await (first.commit() if first_is_kept else first.rollback())
    answer = await twin
    await connection.close()
    assert answer.is_replay is first_is_kept
    [stored] = await store.load("note-1")
    assert (stored.event_id == event.event_id) is first_is_kept
    assert (stored.position == row["o_position"]) is first_is_kept
    assert answer.token.position == stored.position
