"""A snapshot of the store and what follows it on the topic are one history, wherever one begins."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from random import Random
from uuid import uuid4

import orjson
import pytest

from services.permissions.application import past
from services.permissions.application.whole_log import WholeLog
from shared.authorization.replica import Replica
from shared.authorization.snapshot import state_hash
from shared.authorization.snapshot_lines import lines_of, snapshot_of
from shared.authorization.state import PermissionEvent
from shared.authorization.tail import ReplicaTail
from shared.authorization.world import World
from shared.events import EventToAppend
from shared.messaging.topics import Topic, ensure_topics
from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.ground.events import write
from tests.ground.notebook import Notebook
from tests.ground.servers import Databases, Servers, new_databases
from tests.shared.authorization.story import ANA
from tests.shared.authorization.test_replica import a_story


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    async with new_databases(servers, ["truth"]) as fresh:
        yield fresh


@pytest.fixture
async def notebook(databases: Databases, broker: Broker) -> AsyncIterator[Notebook]:
    its = Notebook(databases, broker.settings, Topic(f"test.{uuid4()}", 1), "permissions")
    try:
        await its.open()
        yield its
    finally:
        await its.close()


@pytest.fixture
async def log(notebook: Notebook) -> WholeLog:
    return WholeLog(await notebook.lanes(notebook.databases.truth_dsn, "api"), notebook.feed)


async def store(notebook: Notebook, events: Sequence[PermissionEvent]) -> None:
    """Write what a story told, each event to its stream."""
    for event in events:
        rows = await notebook.ask(
            "truth", "select count(*) as n from events where stream = $1", event.stream
        )
        one = EventToAppend(uuid4(), event.type, 1, orjson.dumps(event.data))
        await write(notebook.store, event.stream, rows[0]["n"], [one])


async def test_a_snapshot_is_the_fold_of_everything_and_goes_on_from_where_it_stood(
    notebook: Notebook, log: WholeLog
) -> None:
    assert (await log.snapshot()).world.position == 0
    story = a_story()
    await store(notebook, story.events)
    first = await log.snapshot()
    assert state_hash(first.world) == state_hash(story.world)
    story.of(ANA, "SubjectLeft")
    await store(notebook, story.events[-1:])
    second = await log.snapshot()
    assert state_hash(second.world) == state_hash(story.world)
    assert second.place > first.place
    read = snapshot_of(lines_of(second))
    assert (read.epoch, read.place, read.kafka_offset) == (second.epoch, second.place, None)
    assert state_hash(read.world) == state_hash(second.world)


async def test_what_there_was_at_any_position_and_moment_is_folded_again(
    notebook: Notebook, log: WholeLog, monkeypatch: pytest.MonkeyPatch, dice: Random
) -> None:
    monkeypatch.setattr(past, "MAX_PAGE", 3)
    monkeypatch.setattr(past, "MOST_KEPT", 2)
    events = a_story().events
    await store(notebook, events)
    lanes = await notebook.lanes(notebook.databases.truth_dsn, "api")
    worlds = past.PastWorlds(lanes, notebook.feed)
    epoch = (await log.snapshot()).epoch
    positions = [*range(len(events) + 1)] * 2
    dice.shuffle(positions)
    for position in positions:
        world = await worlds.at(epoch, position)
        assert world.position == position
        assert state_hash(world) == state_hash(World().after(events[:position]))
    [times] = await notebook.ask("truth", "select min(recorded_at), max(recorded_at) from events")
    first, last = times
    assert (await worlds.as_of(first - timedelta(microseconds=1)))[1].position == 0
    assert (await worlds.as_of(last))[1].position == len(events)


async def test_an_erased_subject_leaves_every_moment_before_as_it_was(
    notebook: Notebook, log: WholeLog
) -> None:
    story = a_story().of(ANA, "SubjectLeft")
    await store(notebook, story.events)
    told = "select * from events order by txid, position"
    before = await notebook.ask("truth", told)
    worlds = past.PastWorlds(
        await notebook.lanes(notebook.databases.truth_dsn, "api"), notebook.feed
    )
    epoch, reached = (await log.snapshot()).epoch, len(story.events)
    hashes = [state_hash(await worlds.at(epoch, one)) for one in range(reached + 1)]
    await store(notebook, story.of(ANA, "SubjectErased").events[-1:])
    assert (await notebook.ask("truth", told))[:reached] == before
    assert [state_hash(await worlds.at(epoch, one)) for one in range(reached + 1)] == hashes
    anew = (await log.snapshot()).world
    assert state_hash(anew) == state_hash(story.world)
    assert anew.subjects[ANA].state == "erased"


async def test_in_a_new_epoch_everything_is_read_again(notebook: Notebook, log: WholeLog) -> None:
    story = a_story()
    await store(notebook, story.events)
    before = await log.snapshot()
    await notebook.ask("truth", "update store set epoch = epoch + 1")
    after = await log.snapshot()
    assert after.epoch == before.epoch + 1
    assert state_hash(after.world) == state_hash(before.world)


async def test_a_replica_that_starts_in_the_middle_ends_as_one_that_saw_all(
    notebook: Notebook, log: WholeLog
) -> None:
    await notebook.start_relay()
    story = a_story()
    half = len(story.events) // 2
    beats = Topic(f"test.{uuid4()}", 1)
    early, late = Replica(notebook.clock), Replica(notebook.clock)
    await ensure_topics(notebook.kafka, [notebook.topic, beats])
    for replica, part in ((early, story.events[:half]), (late, story.events[half:])):
        notebook.run(_tail(notebook, replica, log, beats))
        await until(lambda its=replica: not its.needs_snapshot, what="its snapshot")  # type: ignore[misc]
        await store(notebook, part)
    for replica in (early, late):
        await until(lambda its=replica: its.world.position == len(story.events), what="all of it")  # type: ignore[misc]
        assert state_hash(replica.world) == state_hash(story.world)


async def test_the_hint_leads_to_the_very_next_record(notebook: Notebook, log: WholeLog) -> None:
    story = a_story()
    await store(notebook, story.events)
    await notebook.start_relay()
    records = await notebook.records(len(story.events))

    async def sent() -> bool:
        hint = (await log.snapshot()).kafka_offset
        return bool(hint == records[-1].offset + 1)

    await until(sent, what="that the relay kept where it is")


def _tail(notebook: Notebook, replica: Replica, log: WholeLog, beats: Topic) -> ReplicaTail:
    return ReplicaTail(replica, notebook.kafka, log, events=notebook.topic, beats=beats)
