"""Every decision of the log, asked again of the permissions of its time, is the same."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from random import Random
from uuid import UUID, uuid4

import orjson
import pytest

from services.permissions.application.past import PastWorlds
from shared.authorization.asking_again import CannotAskAgainError, asked_again, is_as_told
from shared.authorization.questions import Circumstances
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Noted, Rights
from shared.authorization.world import World
from shared.events import EventToAppend
from shared.eventstore.decision_types import DecisionRecorded
from shared.eventstore.epochs import Epochs
from shared.messaging.topics import Topic
from shared.settings import KafkaSettings
from shared.web.decision_log import DecisionLog
from tests.ground.events import write
from tests.ground.notebook import Notebook
from tests.ground.servers import Servers, new_databases
from tests.shared.authorization.random_worlds import (
    PERMISSIONS,
    STATUSES,
    Known,
    a_grant,
    a_world,
    some_records,
)
from tests.shared.authorization.story import NOON, Story

OF_ONE_WORLD = 1_000
BEFORE_ANY_MOVE = (datetime(2000, 1, 1, tzinfo=UTC) - NOON).total_seconds()
MAIL = "ada.lovelace@house.example"
LOG = """select data from records where type = 'DecisionRecorded' order by txid, position"""


class Log:
    """A store whose permissions change, and on whose log every decision lies."""

    def __init__(self, notebook: Notebook, dice: Random) -> None:
        self.notebook = notebook
        self.dice = dice
        self.story = Story()
        self.log = DecisionLog(notebook.keeper, notebook.clock, everything=True)
        self.decided = 0
        self.epoch = 1
        self._known = Known()
        self._stored = 0
        self._versions: Counter[str] = Counter()

    async def decide(self, count: int, *, between_changes: int) -> None:
        """Let so many decisions be made, while others come and rights change."""
        until = self.decided + count
        while self.decided < until:
            if self.decided % OF_ONE_WORLD == 0:
                self._begin_another_world()
            self._change()
            await self._store()
            notes: list[Noted] = []
            world, records = self.story.world, some_records(self.dice, self._known, 50)
            for _ in range(between_changes):
                basis = Basis(
                    world, self.epoch, moment(NOON) + self.dice.randrange(-2, 2), self._age()
                )
                rights = Rights(basis, self._somebody(), self._around(), notes.append)
                rights.check(
                    self.dice.choice([*PERMISSIONS, "no:such"]), self.dice.choice([None, *records])
                )
            self.decided += len(notes)
            await self.log.settle(notes)
        await self.log.close()
        await self.notebook.keeper.close()

    async def move(self) -> None:
        """Let the store be moved to another server, with all that it holds."""
        lanes = await self.notebook.lanes(self.notebook.databases.truth_dsn, "api")
        await Epochs(lanes).begin_next_epoch(self.epoch, "a test")
        self.epoch += 1

    async def read_back(self) -> list[DecisionRecorded]:
        """Return every decision of the log, in its order."""
        rows = await self.notebook.ask("truth", LOG)
        assert not any(MAIL.encode() in row["data"] for row in rows)
        return [DecisionRecorded.model_validate_json(row["data"]) for row in rows]

    def _begin_another_world(self) -> None:
        """Let others come, and the policy become another one."""
        self._known = a_world(self.dice, self.story)

    def _change(self) -> None:
        """Let something happen to the policy or to somebody."""
        story, subject = self.story, self.dice.choice([*self._known.subjects])
        role = f"role-{self.dice.randrange(6)}"
        match self.dice.randrange(4):
            case 0:
                a_grant(self.dice, self._known, subject, [role])
            case 1:
                story.of(subject, self.dice.choice(["SubjectSuspended", "SubjectReinstated"]))
            case 2:
                story.of(subject, "SubjectMoved", teams=self.dice.sample(["north", "south"], 1))
            case _:
                story.policy(self.dice.choice(["RoleRetired", "RoleReinstated"]), role=role)

    async def _store(self) -> None:
        new = self.story.events[self._stored :]
        for stream, events in groupby(new, attrgetter("stream")):
            written = [
                EventToAppend(uuid4(), one.type, 1, orjson.dumps(one.data)) for one in events
            ]
            at = self._versions[stream]
            await write(self.notebook.store, stream, at, written, seconds=BEFORE_ANY_MOVE)
            self._versions[stream] += len(written)
        self._stored += len(new)

    def _somebody(self) -> str:
        return self.dice.choice([*self._known.subjects, str(UUID(int=0))])

    def _age(self) -> float:
        return self.dice.choice([0.1, 0.1, 0.5, 0.5, 4.5, 4.5, 29.0, 99.0])

    def _around(self) -> Circumstances:
        dice, subjects = self.dice, [*self._known.subjects]
        return Circumstances(
            wanted=dice.choice([*[0] * 20, len(self.story.events) + 1]),
            actor=dice.choice([None, None, subjects[0]]),
            deeds=dice.choice([None, {one: dice.sample(subjects, 3) for one in PERMISSIONS}]),
            subject=dice.choice([{}, {}, {"status": dice.choice(STATUSES), "level": 99}]),
            context=dice.choice([{}, {}, {}, {"hour": 5, "tags": ["a"]}, {"tags": [MAIL]}]),
        )


@pytest.fixture
async def log(servers: Servers, dice: Random) -> AsyncIterator[Log]:
    async with new_databases(servers, ["truth"]) as databases:
        topic = Topic(f"test.{uuid4()}", 1)
        notebook = Notebook(databases, KafkaSettings(), topic, "permissions")
        try:
            await notebook.open()
            yield Log(notebook, dice)
        finally:
            await notebook.close()


async def ask_all_again(log: Log) -> Counter[str]:
    """Ask each decision of the log again from its recorded place; count what came of it."""
    its = log.notebook
    past = PastWorlds(await its.lanes(its.databases.truth_dsn, "api"), its.feed)
    seen: Counter[str] = Counter()
    world = World()
    for one in await log.read_back():
        if one.position != world.position:
            world = await past.at(one.epoch, one.position)
        try:
            answer = asked_again(world, one)
        except CannotAskAgainError:
            assert one.left_out
            seen["not complete"] += 1
        else:
            assert is_as_told(answer, one), one
            seen["equal"] += 1
            seen[one.code] += 1
    print(dict(seen))  # noqa: T201 - pytest shows it when the test fails
    return seen


async def test_decisions_of_the_log_are_the_same_again_also_after_the_store_was_moved(
    log: Log,
) -> None:
    await log.decide(4_000, between_changes=50)
    await log.move()
    await log.decide(2_000, between_changes=50)
    seen = await ask_all_again(log)
    assert seen["equal"] + seen["not complete"] == log.decided, "each lies on the log once"
    assert seen["equal"] >= 5_000
    assert {"allowed", "no_grant", "condition", "denied", "out_of_scope"} <= seen.keys()


@pytest.mark.soak
@pytest.mark.timeout(1_800)
async def test_a_hundred_thousand_of_the_log_are_the_same_again(log: Log) -> None:
    await log.decide(112_000, between_changes=250)
    assert (await ask_all_again(log))["equal"] >= 100_000
