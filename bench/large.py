"""What a store of a million events does to the figures that could grow with it."""

from collections.abc import Mapping
from functools import partial

from bench import append_at_size, feed_reading, rebuilding, refilling
from bench.ground import Ground
from bench.large_log import LargeLog, events_wanted
from bench.measuring import Paired, Row
from bench.parts import parts

EVENTS = events_wanted(1_000_000)
SMALL_EVENTS = EVENTS // 10


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Fill a large and a small store, then measure each figure on them, saying how far that is."""
    async with parts(ground) as here, parts(ground) as beside:
        large, small = await LargeLog.of(here), await LargeLog.of(beside)
        await small.fill(SMALL_EVENTS)
        await large.fill(EVENTS)
        seen = {}
        # What is appended for the last figure is nothing that a read model could fold.
        for claim, measured in (
            (feed_reading.CLAIM, partial(feed_reading.measure, ground, large)),
            (rebuilding.CLAIM, partial(rebuilding.measure, large)),
            (refilling.CLAIM, partial(refilling.measure, ground, large)),
            (append_at_size.CLAIM, partial(append_at_size.measure, large, small)),
        ):
            print(f"{claim.name} …", end=" ", flush=True)
            seen[claim.name] = await measured()
        return seen


ROW = Row(
    "large", (append_at_size.CLAIM, feed_reading.CLAIM, rebuilding.CLAIM, refilling.CLAIM), measure
)
