"""A check with its reason keeps most of the speed of bare dictionaries, however many the grants.

Ours, the dictionaries and both engines answer the same questions about the same policy, and every
answer is compared before a clock runs. The engines do not keep windows, freshness or reasons, and
are more general than we are: the ratio says what a narrow model in process is worth, no more.
"""

import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from time import perf_counter
from typing import Final

import orjson

from bench.bare_decisions import BareDecisions, bare_decision
from bench.ground import Ground
from bench.measuring import Claim, Paired, Row, in_turns, must_be, pair
from bench.other_engines import Casbin, Cedar
from bench.policy_sample import PEOPLE, PolicySample, Question
from shared.authorization.deciding import decide
from shared.authorization.snapshot import from_bytes, to_bytes
from shared.authorization.world import World

NOW: Final = 1_772_000_000_000_000
AGE: Final = 0.2
ROUNDS: Final = 11
QUESTIONS: Final = 20_000
OF_CASBIN: Final = 400
OF_CEDAR: Final = 60
BYTES_EACH: Final = 2_200.0
"""What an entry took in the prototype."""
CLAIMS: Final = (
    Claim("check", 0.4, 0.8, "checks/s"),
    Claim("check_casbin", 30, 100, "checks/s"),
    Claim("check_cedar", 50, 200, "checks/s"),
    Claim("check_10_grants", 1.5, 1.1, "µs", "lower"),
    Claim("replica_cold_start", 3, 1.5, "s", "lower"),
    Claim("replica_memory", 2, 1, "bytes", "lower"),
)
Ask = Callable[[Question], object]
Answer = tuple[bool, str, object, int, float]
Ours = Callable[[Question], Answer]


async def measure(_: Ground) -> Mapping[str, Paired]:
    """Measure checks, then what a replica costs to start and to keep."""
    sample = PolicySample()
    world = World().after(sample.events())
    world.compile_all()
    asked = sample.questions(QUESTIONS)
    facts = BareDecisions(sample, world.position)
    ours, bare = _ours(world), _bare(facts)
    same = sum(_same(ours(question), bare(question)) for question in asked)
    must_be(QUESTIONS, same, "equal answers of dictionaries")
    found = {
        "check": await _beside(ours, bare, asked, QUESTIONS),
        "check_casbin": await _engine(ours, Casbin(sample, facts).allows, asked, OF_CASBIN),
        "check_cedar": await _engine(ours, Cedar(sample, asked[:OF_CEDAR]).allows, asked, OF_CEDAR),
        "check_10_grants": await _ten_grants(world, sample),
    }
    snapshot = to_bytes(world)
    del world, facts, sample, asked
    return {
        **found,
        "replica_cold_start": await _cold_start(snapshot),
        "replica_memory": _memory(snapshot),
    }


def _ours(world: World) -> Ours:
    return lambda question: decide(world, *question, NOW, AGE)


def _bare(facts: BareDecisions) -> Ours:
    return lambda question: bare_decision(facts, *question, NOW, AGE)


def _same(one: Answer, other: Answer) -> bool:
    """Say whether two answers say the same; of several grants that allow, either may be named."""
    return one[:2] == other[:2] and one[3:] == other[3:]


async def _engine(ours: Ours, its: Ask, asked: list[Question], count: int) -> Paired:
    same = sum(its(question) is ours(question)[0] for question in asked[:count])
    must_be(count, same, "equal answers of the engine")
    return await _beside(ours, its, asked, count)


async def _beside(ours: Ask, its: Ask, asked: list[Question], count: int) -> Paired:
    """Return checks a second; ours answers enough questions to be measured."""
    many, few = asked, asked[:count]

    async def one() -> float:
        return _per_second(ours, many)

    async def other() -> float:
        return _per_second(its, few)

    return pair(*await in_turns(ROUNDS, one, other))


async def _ten_grants(ten: World, of_ten: PolicySample) -> Paired:
    """Return microseconds a check that is allowed at once, with ten grants each and with one."""
    of_one = PolicySample(grants_each=1)
    one = World().after(of_one.events())
    one.compile_all()
    sides = [
        (_ours(world), [*islice(_allowed(_ours(world), sample), QUESTIONS)])
        for world, sample in ((ten, of_ten), (one, of_one))
    ]

    async def with_ten() -> float:
        return 1e6 / _per_second(*sides[0])

    async def with_one() -> float:
        return 1e6 / _per_second(*sides[1])

    return pair(*await in_turns(ROUNDS, with_ten, with_one))


def _allowed(ask: Ours, sample: PolicySample) -> Iterator[Question]:
    for question in cycle(sample.questions(2 * QUESTIONS)):
        if ask(question)[0]:
            yield question


async def _cold_start(snapshot: bytes) -> Paired:
    """Return seconds until a replica answers anybody's check, and until the snapshot is decoded.

    An entry is compiled at its subject's first check, some 20 µs each; no start waits for it.
    """
    subject = next(iter(orjson.loads(snapshot)["subjects"]))

    async def start() -> float:
        started = perf_counter()
        world = from_bytes(snapshot)
        answer = decide(world, subject, "customer:read", None, NOW, AGE)
        took = perf_counter() - started
        must_be(int(answer[1] != "error"), 1, "answers after a cold start")
        return took

    async def decode() -> float:
        started = perf_counter()
        decoded = orjson.loads(snapshot)
        took = perf_counter() - started
        must_be(PEOPLE, len(decoded["subjects"]), "subjects of the snapshot")
        return took

    return pair(*await in_turns(ROUNDS, start, decode))


def _memory(snapshot: bytes) -> Paired:
    """Return bytes a person: all that a replica keeps, every entry compiled."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        world = from_bytes(snapshot)
        world.compile_all()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    must_be(PEOPLE, len(world.entries), "compiled entries")
    return pair([(after - before) / PEOPLE], [BYTES_EACH])


def _per_second(ask: Ask, asked: Sequence[Question]) -> float:
    started = perf_counter()
    for question in asked:
        ask(question)
    return len(asked) / (perf_counter() - started)


ROW = Row("deciding", CLAIMS, measure)
