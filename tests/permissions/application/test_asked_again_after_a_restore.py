"""A decision of an earlier life of the store is asked again as far as its changes outlived it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest

from services.permissions.application.past import PastWorlds
from shared.errors import NotFoundError, RuleBrokenError
from shared.events import EventToAppend
from shared.eventstore.epochs import Epochs
from shared.messaging.topics import Topic
from shared.settings import KafkaSettings
from shared.testing.clock import NOON
from tests.ground.events import write
from tests.ground.notebook import Notebook
from tests.ground.servers import Servers, new_databases

BEFORE = (datetime(2000, 1, 1, tzinfo=UTC) - NOON).total_seconds()
AFTER = (datetime(2100, 1, 1, tzinfo=UTC) - NOON).total_seconds()
LOSE = """with last as (delete from events where position in
    (select position from events order by txid desc, position desc limit $1) returning stream)
    delete from streams where stream in (select stream from last)"""


@dataclass
class Store:
    """A store of people who join, one after the other; before its restores, if not said."""

    notebook: Notebook
    past: PastWorlds
    epochs: Epochs
    people: list[str] = field(default_factory=list)

    async def join(self, count: int, *, seconds: float = BEFORE) -> list[str]:
        """Let so many join; return their ids, one for each feed position."""
        joined = [str(uuid4()) for _ in range(count)]
        data = orjson.dumps({"kind": "person", "department": None, "teams": []})
        for one in joined:
            events = [EventToAppend(uuid4(), "SubjectJoined", 1, data)]
            await write(self.notebook.store, f"subject-{one}", 0, events, seconds=seconds)
        self.people += joined
        return joined

    async def restore(self, epoch: int, *, lost: int = 0) -> None:
        """Let the store go back by so many changes."""
        await self.notebook.ask("truth", LOSE, lost)
        await self.epochs.begin_next_epoch(epoch, "a test")

    async def known(self, epoch: int, position: int) -> set[str]:
        return set((await self.past.at(epoch, position)).subjects)


@pytest.fixture
async def store(servers: Servers) -> AsyncIterator[Store]:
    async with new_databases(servers, ["truth"]) as databases:
        topic = Topic(f"test.{uuid4()}", 1)
        notebook = Notebook(databases, KafkaSettings(), topic, "permissions")
        try:
            await notebook.open()
            lanes = await notebook.lanes(databases.truth_dsn, "api")
            yield Store(notebook, PastWorlds(lanes, notebook.feed), Epochs(lanes))
        finally:
            await notebook.close()


async def refused(store: Store, epoch: int, position: int) -> str:
    with pytest.raises(RuleBrokenError) as refusal:
        await store.past.at(epoch, position)
    assert refusal.value.problem_code == "position-of-another-epoch"
    return str(refusal.value)


async def test_before_the_first_change_nobody_was_known_in_whichever_epoch(store: Store) -> None:
    await store.join(1)
    for epoch in (0, 1):
        assert await store.known(epoch, 0) == set()


async def test_what_outlived_a_restore_has_its_old_positions_and_what_was_lost_is_gone(
    store: Store,
) -> None:
    kept, lost = await store.join(3), await store.join(2)
    assert await store.known(1, 5) == {*kept, *lost}
    await store.restore(1, lost=2)
    new = await store.join(2, seconds=AFTER)
    assert await store.known(1, 2) == {*kept[:2]}
    assert await store.known(1, 3) == {*kept}
    for position in (4, 5):
        told = await refused(store, 1, position)
        assert "kept its changes up to position 3" in told
        assert f"in force at {position} is gone" in told
    assert await store.known(2, 4) == {*kept, new[0]}, "the same number, another change"
    with pytest.raises(NotFoundError):
        await store.past.at(2, 6)


async def test_after_a_move_that_lost_nothing_every_decision_can_be_asked_again(
    store: Store,
) -> None:
    people = await store.join(3)
    await store.restore(1)
    await store.restore(2)
    for epoch in (1, 2, 3):
        assert await store.known(epoch, 3) == {*people}


async def test_an_epoch_that_the_store_was_never_in_is_refused_as_such(store: Store) -> None:
    await store.join(1)
    await store.epochs.begin_next_epoch(1, "a test", above=3)
    for epoch in (0, 3, 7):
        assert f"is in epoch 4 and was never in epoch {epoch}" in await refused(store, epoch, 1)
