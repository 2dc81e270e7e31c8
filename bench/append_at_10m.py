"""An append costs the same in a store of ten million events as in one of a hundred thousand.

Filling it takes long, so this row is measured only when it is asked for (`make soak`).
"""

from collections.abc import Mapping

from bench import append_at_size
from bench.ground import Ground
from bench.large_log import LargeLog, events_wanted
from bench.measuring import Claim, Paired, Row
from bench.parts import parts

EVENTS = events_wanted(10_000_000)
SMALL_EVENTS = EVENTS // 100

CLAIM = Claim("append_p99_at_10m", 1.5, 1.1, "ms", "lower")


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Fill both stores, then measure single appends to both in turns."""
    async with parts(ground) as here, parts(ground) as beside:
        large, small = await LargeLog.of(here), await LargeLog.of(beside)
        await small.fill(SMALL_EVENTS)
        await large.fill(EVENTS)
        return {CLAIM.name: await append_at_size.measure(large, small)}


ROW = Row("append_at_10m", (CLAIM,), measure)
