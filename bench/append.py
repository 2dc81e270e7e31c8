"""An append by the store's API keeps most of the speed of a bare single-row INSERT."""

from collections.abc import Mapping

from bench.ground import Ground
from bench.measuring import Claim, Meter, Paired, Row, in_turns, must_be, pair
from bench.parts import parts
from bench.plain_table import plain_table
from bench.samples import NOW, new_stream, opaque_event, origin
from shared.eventstore.tokens import TokenPart
from shared.eventstore.writing import StreamAppend

EVENTS = 20_000
ROUNDS = 11


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure one task, then eight."""
    return {"append_1": await _measure(ground, 1), "append_8": await _measure(ground, 8)}


async def _measure(ground: Ground, tasks: int) -> Paired:
    asked = origin()
    async with parts(ground) as here, plain_table(ground, tasks) as plain:
        store = await here.store()
        stored, inserted = Meter(), Meter()

        async def append(one: StreamAppend) -> TokenPart:
            appended = await store.append(
                one.stream, one.subject, one.expected_version, one.events, asked, NOW
            )
            return appended.token

        async def ours() -> float:
            return await stored.per_second([new_stream() for _ in range(EVENTS)], [append] * tasks)

        async def baseline() -> float:
            rows = [(new_stream().stream, opaque_event().data) for _ in range(EVENTS)]
            return await inserted.per_second(rows, plain.inserts)

        seen = await in_turns(ROUNDS, ours, baseline)
        lanes = await here.lanes(here.databases.truth, "api", 1)
        must_be(stored.done, await lanes.fetchval("select count(*) from events"), "appended events")
        must_be(inserted.done, await plain.count(), "inserted rows")
        return pair(*seen)


ROW = Row(
    "append",
    (Claim("append_1", 0.55, 0.70, "events/s"), Claim("append_8", 0.40, 0.55, "events/s")),
    measure,
)
