"""An append is several times as fast as the best-known Python library saves an aggregate."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

from bench.ground import Ground
from bench.measuring import Claim, Meter, Paired, Row, in_turns, must_be, pair
from bench.parts import parts
from bench.samples import EVENT_BYTES, NOW, new_stream, origin
from shared.eventstore.writing import StreamAppend

EVENTS = 10_000
SAVES = 4_000
ROUNDS = 9
# What the library itself writes into the state of a first event besides the name.
ITS_OWN_BYTES = 100


class Customer(Aggregate):
    """A customer as the library's own tutorial would write one."""

    def __init__(self, name: str) -> None:
        self.name = name

    class Renamed(Aggregate.Event):
        """The name changed."""

        name: str

    def rename(self, name: str) -> None:
        """Change the name."""
        self.trigger_event(self.Renamed, name=name)


class Customers(Application[UUID]):
    """The library's application, with its defaults."""


def library_settings(dsn: str) -> dict[str, str]:
    """Return the environment that makes the library use one of our servers."""
    place = urlsplit(dsn)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": place.path.removeprefix("/"),
        "POSTGRES_HOST": place.query.removeprefix("host="),
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "",
    }


@contextmanager
def library(dsn: str) -> Iterator[Customers]:
    """Open the library's application."""
    app = Customers(env=library_settings(dsn))
    try:
        yield app
    finally:
        app.close()


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure one task against one thread: the library gets slower with more."""
    asked, plain = origin(), await ground.plain_databases()
    async with parts(ground) as here:
        store = await here.store()
        stored, saved = Meter(), Meter()
        with library(plain.truth) as app:

            async def append(one: StreamAppend) -> None:
                await store.append(one.stream, one.subject, 0, one.events, asked, NOW)

            async def save(customer: Customer) -> None:
                app.save(customer)

            async def ours() -> float:
                return await stored.per_second([new_stream() for _ in range(EVENTS)], [append])

            async def baseline() -> float:
                name = "n" * (EVENT_BYTES - ITS_OWN_BYTES)
                return await saved.per_second([Customer(name) for _ in range(SAVES)], [save])

            seen = await in_turns(ROUNDS, ours, baseline)
            must_be(saved.done, app.recorder.max_notification_id(), "saved aggregates")
        lanes = await here.lanes(here.databases.truth, "api", 1)
        must_be(stored.done, await lanes.fetchval("select count(*) from events"), "events")
        return {"append_vs_eventsourcing": pair(*seen)}


ROW = Row("append_vs_eventsourcing", (Claim("append_vs_eventsourcing", 3, 6, "events/s"),), measure)
