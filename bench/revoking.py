"""Whoever leaves is refused in every process little later than one event takes through the broker.

Ours: from the return of the append to the moment from which each of four replicas, every one with
a consumer of its own, refuses the person. The floor, of the same events in the same run: until one
bare consumer of the topic has the record, in no copy and refusing nobody. One loop runs it all, so
that no network lies between the processes that these replicas stand for.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from uuid6 import uuid7

from bench.ground import Ground
from bench.measuring import Claim, Paired, Row, in_turns, must_be, pair
from bench.parts import Parts, parts, running
from bench.visible import percentile
from services.permissions.domain.subject.events import SubjectLeft
from services.permissions.roles.service import SERVICE
from shared.authorization.deciding import Code
from shared.authorization.permissions import Permission
from shared.authorization.replica import Replica, Snapshot
from shared.authorization.rights import Basis, Rights
from shared.authorization.state import PermissionEvent
from shared.authorization.tail import ReplicaTail
from shared.authorization.world import World
from shared.events import Origin
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.messaging.clients import new_consumer
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topics import Topic, ensure_topics

PROCESSES = 4
LEAVERS = 200
FIRST_LEFT_OUT = 20
PAUSE_SECONDS = 0.01
ROUNDS = 3
WITHIN_SECONDS = 20.0
MILLISECONDS = 1_000.0
MAY = Permission.CUSTOMERS_READ


def everybody(people: Sequence[UUID]) -> World:
    """Return a world in which all of them may see customers, before the first event."""
    grant = {"grant_id": "all", "effect": "allow", "permission": MAY, "scope": "all"}
    facts = {"permission": MAY, "risk": "low", "title": {"en": MAY}}
    told: list[tuple[str, str, Mapping[str, object]]] = [("policy", "PermissionDefined", facts)]
    for one in people:
        told += [
            (f"subject-{one}", "SubjectJoined", {"kind": "person"}),
            (f"subject-{one}", "GrantGiven", grant),
        ]
    its = World().after(PermissionEvent(n, *event) for n, event in enumerate(told, start=1))
    return World(its.policy, its.subjects)


class Start:
    """Where each replica starts from."""

    def __init__(self, epoch: int, world: World) -> None:
        self._its = Snapshot(epoch, world)

    async def snapshot(self) -> Snapshot:
        """Return it."""
        return self._its


class Floor:
    """One consumer that sees what comes, and when."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._came: dict[str, asyncio.Future[float]] = {}

    def waits_for(self, stream: str) -> "asyncio.Future[float]":
        """Return when the next event of a stream comes."""
        its = self._came[stream] = asyncio.get_running_loop().create_future()
        return its

    async def run(self, stop: asyncio.Event) -> None:
        """See each record."""
        while not stop.is_set():
            for records in (await self._consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    stream = dict(record.headers)["ce_subject"].decode()
                    self._came.pop(stream).set_result(perf_counter())


def refuses(replica: Replica, one: UUID) -> bool:
    """Say whether a process that has this replica refuses the person, for having left."""
    rights = Rights(Basis(replica.world, replica.epoch, 0, 0.0), str(one))
    return rights.check(MAY)[1] is Code.INACTIVE_SUBJECT


async def _refused(replica: Replica, one: UUID, token: TokenPart) -> float:
    while not await replica.has_reached([token]):
        continue
    must_be(True, refuses(replica, one), "a refusal")
    return perf_counter()


async def leave_all(here: Parts) -> tuple[list[float], list[float]]:
    """Return, for each who leaves, the milliseconds until all refuse, and until one record came."""
    people = [uuid7() for _ in range(LEAVERS)]
    topic, beats = Topic(f"bench-{uuid4()}", 1), Topic(f"bench-{uuid4()}", 1)
    await ensure_topics(here.kafka, [topic, beats])
    store = EventStore(await here.lanes(here.databases.truth, "api", 2), SERVICE.name, 1)
    outbox = Outbox(await here.lanes(here.databases.truth, "relay", 2), topic.name, 1, uuid4())
    relay = Relay(
        outbox, here.kafka, topic, SERVICE.name, here.clock, here.tracing, wake=here.appended
    )
    start = Start(await store.epoch(), everybody(people))
    replicas = [Replica(here.clock) for _ in range(PROCESSES)]
    tails = [ReplicaTail(one, here.kafka, start, events=topic, beats=beats) for one in replicas]
    runs = [relay.run, *(tail.run for tail in tails)]
    async with _floor(here, topic) as floor, running(floor.run, *runs):
        seen = [await _leaves(here, store, floor, replicas, one) for one in people]
    counted = seen[FIRST_LEFT_OUT:]
    return [ours for ours, _ in counted], [floors for _, floors in counted]


async def _leaves(
    here: Parts, store: EventStore, floor: Floor, replicas: list[Replica], one: UUID
) -> tuple[float, float]:
    stream = f"subject-{one}"
    came = floor.waits_for(stream)
    appended = await store.append(
        stream, str(one), 0, [SERVICE.codec.encode(SubjectLeft(), uuid7())],
        Origin("bench", uuid4()), here.clock.now(),
    )  # fmt: skip
    accepted = perf_counter()
    here.appended.set()
    async with asyncio.timeout(WITHIN_SECONDS):
        refused = await asyncio.gather(
            *(_refused(replica, one, appended.token) for replica in replicas)
        )
        arrived = await came
    await asyncio.sleep(PAUSE_SECONDS)
    return (max(refused) - accepted) * MILLISECONDS, (arrived - accepted) * MILLISECONDS


@asynccontextmanager
async def _floor(here: Parts, topic: Topic) -> AsyncIterator[Floor]:
    consumer = new_consumer(here.kafka)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic.name, 0)])
        yield Floor(consumer)
    finally:
        await consumer.stop()


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Let people leave, round after round, on a service of their own."""

    async def round_() -> tuple[list[float], list[float]]:
        async with parts(ground) as here:
            return await leave_all(here)

    (rounds,) = await in_turns(ROUNDS, round_)
    return {
        f"revoke_{name}": pair(
            [percentile(ours, share) for ours, _ in rounds],
            [percentile(floors, share) for _, floors in rounds],
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }


ROW = Row(
    "revoke",
    (
        Claim("revoke_p50", 4, 2, "ms", better="lower"),
        Claim("revoke_p99", 4, 2, "ms", better="lower"),
    ),
    measure,
)
