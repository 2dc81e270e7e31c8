"""A registration's append, with its idempotency row and its subject key made, stays near INSERT.

The key comes sealed and durable from the ready pool; making it on the keys server happens in the
measured time, as it does in a service under load.
"""

from collections.abc import Mapping

from bench.ground import Ground
from bench.measuring import Claim, Meter, Paired, Row, in_turns, must_be, pair
from bench.parts import parts
from bench.plain_table import plain_table
from bench.samples import NOW, Registration, registrations
from services.customers.application.loading import stream_of
from shared.security.subject_keys import KeyPool, SubjectKey

EVENTS = 20_000
ROUNDS = 11
COUNT = """select count(*) from events e join idempotency i
    on i.stream = e.stream and i.version = e.version"""


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure one task, then eight."""
    return {
        "append_idempotent_1": await _measure(ground, 1),
        "append_idempotent_8": await _measure(ground, 8),
    }


async def _measure(ground: Ground, tasks: int) -> Paired:
    async with parts(ground) as here, plain_table(ground, tasks) as plain:
        store = await here.store()
        stored, inserted = Meter(), Meter()
        pool = KeyPool(await here.keys())

        async def register(one: Registration) -> None:
            key = await pool.take()
            await store.append(
                stream_of(one.customer_id),
                str(one.customer_id),
                0,
                [one.sealed(key)],
                one.origin,
                NOW,
                one.remember,
            )

        async def ours() -> float:
            return await stored.per_second(registrations(EVENTS), [register] * tasks)

        async def baseline() -> float:
            key = SubjectKey.of("0" * 36, bytes(32))
            rows = [
                (stream_of(one.customer_id), one.sealed(key).data) for one in registrations(EVENTS)
            ]
            return await inserted.per_second(rows, plain.inserts)

        seen = await in_turns(ROUNDS, ours, baseline)
        truth = await here.lanes(here.databases.truth, "api", 1)
        keys = await here.lanes(here.databases.keys, "api", 1)
        must_be(stored.done, await truth.fetchval(COUNT), "remembered events")
        made = await keys.fetchval("select count(*) from subject_keys")
        must_be(stored.done, min(made, stored.done), "subject keys")
        must_be(inserted.done, await plain.count(), "inserted rows")
        return pair(*seen)


ROW = Row(
    "append_idempotent",
    (
        Claim("append_idempotent_1", 0.45, 0.55, "events/s"),
        Claim("append_idempotent_8", 0.35, 0.42, "events/s"),
    ),
    measure,
)
