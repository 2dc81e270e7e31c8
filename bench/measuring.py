"""A figure is a ratio: both sides in the same run, in turns, the median of the rounds' ratios.

Rates of a shared machine move by a third from one minute to the next; a ratio of two neighbouring
rounds does not. What is reported is one real round: the one whose ratio is the median.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from bench.ground import Ground

Better = Literal["higher", "lower"]
Item = TypeVar("Item")
Seen = TypeVar("Seen")

ROUND_SECONDS = 0.5


class BrokenSideError(Exception):
    """A side did not do what it was measured for, so its rate means nothing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One figure that is promised: its least ratio and the ratio aimed at.

    With better = lower (times), `at_least` is the most that is allowed.
    """

    name: str
    at_least: float
    aim: float
    unit: str
    better: Better = "higher"


@dataclass(frozen=True, slots=True)
class Paired:
    """What was seen: the round with the median ratio, and how far the ratios spread."""

    value: float
    baseline: float
    lowest: float
    highest: float

    @property
    def ratio(self) -> float:
        """Ours by the baseline."""
        return self.value / self.baseline


@dataclass(frozen=True, slots=True)
class Row:
    """One file of this folder: the figures it claims, and how they are measured."""

    name: str
    claims: tuple[Claim, ...]
    measure: "Callable[[Ground], Awaitable[Mapping[str, Paired]]]"


def pair(ours: Sequence[float], baseline: Sequence[float]) -> Paired:
    """Return the median round of two series that were measured in turns."""
    rounds = sorted(zip(ours, baseline, strict=True), key=lambda two: two[0] / two[1])
    value, beside = rounds[len(rounds) // 2]
    first, last = rounds[0], rounds[-1]
    return Paired(value, beside, first[0] / first[1], last[0] / last[1])


async def in_turns(rounds: int, *sides: Callable[[], Awaitable[Seen]]) -> tuple[list[Seen], ...]:
    """Measure the sides A B C A B C …, after one round that is not counted.

    What is in memory before a round is no garbage of that round, so the collector leaves it out.
    """
    seen: tuple[list[Seen], ...] = tuple([] for _ in sides)
    for number in range(rounds + 1):
        for side, values in zip(sides, seen, strict=True):
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            value = await side()
            if number:
                values.append(value)
    return seen


class Meter:
    """Counts what one side does, so that all of it can be looked for afterwards."""

    def __init__(self) -> None:
        self.done = 0

    async def per_second(
        self, items: Sequence[Item], workers: Iterable[Callable[[Item], Awaitable[object]]]
    ) -> float:
        """Return how many items a second the workers, each a task of its own, get through.

        Ends with the items, or after half a second.
        """
        waiting = iter(items)
        before, started = self.done, perf_counter()

        async def work(worker: Callable[[Item], Awaitable[object]]) -> None:
            for item in waiting:
                await worker(item)
                self.done += 1
                if perf_counter() - started > ROUND_SECONDS:
                    return

        await asyncio.gather(*(work(worker) for worker in workers))
        return (self.done - before) / (perf_counter() - started)


def must_be(expected: int, found: object, what: str) -> None:
    """Raise BrokenSideError unless all of the work can be seen afterwards."""
    if found != expected:
        raise BrokenSideError(f"{what}: {expected} were claimed, {found} are there")
