"""An append costs the same in a large store as in a small one."""

from time import perf_counter

from bench.large_log import LargeLog
from bench.measuring import Claim, Paired, in_turns, pair
from bench.samples import NOW, new_stream, origin
from bench.visible import percentile
from shared.eventstore.store import EventStore

APPENDS = 4_000
ROUNDS = 7

CLAIM = Claim("append_p99_at_size", 1.5, 1.1, "ms", "lower")


async def measure(large: LargeLog, small: LargeLog) -> Paired:
    """Measure single appends to both stores in turns."""
    ours, baseline = await large.here.store(), await small.here.store()
    return pair(*await in_turns(ROUNDS, lambda: _p99(ours), lambda: _p99(baseline)))


async def _p99(store: EventStore) -> float:
    asked, took = origin(), []
    for one in [new_stream() for _ in range(APPENDS)]:
        started = perf_counter()
        await store.append(one.stream, one.subject, 0, one.events, asked, NOW)
        took.append((perf_counter() - started) * 1000)
    return percentile(took, 0.99)
