"""The directory follows many times as fast as the best-known Python library's projection.

Theirs gets the lighter work: nothing is encrypted, no Kafka lies between, and its view has only
the columns of a list of names. Both read from the truth server and write to the views server.
"""

import asyncio
from collections.abc import Mapping
from threading import Event
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

from bench.append_eventsourcing import Customer, Customers, library, library_settings
from bench.customer_log import CustomerLog
from bench.ground import Databases, Ground
from bench.measuring import BrokenSideError, Claim, Paired, Row, in_turns, must_be, pair
from bench.parts import parts
from bench.plain_table import connections
from bench.samples import lives

EVENTS = 20_000
CUSTOMERS = 2_500
THEIR_CUSTOMERS = 250
THEIR_EVENTS_EACH = 8
THEIR_EVENTS = THEIR_CUSTOMERS * THEIR_EVENTS_EACH
ROUNDS = 5
WITHIN_SECONDS = 60.0
CREATE = SQL("""create table if not exists library_view (id uuid primary key, name text not null,
    version bigint not null, sort_name text collate "C" not null);
    create index if not exists library_view_by_name on library_view (sort_name, id)""")
UPSERT = SQL("""insert into library_view (id, name, version, sort_name) values (%s, %s, %s, %s)
    on conflict (id) do update set name = excluded.name, version = excluded.version,
        sort_name = excluded.sort_name""")
FORGET = "drop table if exists library_view, names_tracking"
VERSIONS = "select coalesce(sum(version), 0)::bigint from library_view"


class View(PostgresTrackingRecorder):
    """The view and its tracking, changed in one transaction, as the library's manual shows."""

    def __init__(self, datastore: PostgresDatastore, **more: Any) -> None:  # noqa: ANN401
        super().__init__(datastore, **more)
        self.sql_create_statements.append(CREATE.format())

    def show(self, customer: UUID, name: str, version: int, tracking: Tracking) -> None:
        """Write one row and its tracking."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            values = (customer, name, version, name.casefold())
            cursor.execute(UPSERT, values, prepare=True)


class Names(Projection[View]):
    """Every customer by name; knows when it was at work."""

    name = "names"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.started = 0.0
        self.shown = 0
        self.all_shown = Event()

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:  # noqa: ANN401
        """Show the name that came."""
        event = domain_event
        self.started = self.started or perf_counter()
        self.view.show(event.originator_id, event.name, event.originator_version, tracking)
        self.shown += 1
        if self.shown == THEIR_EVENTS:
            self.all_shown.set()


class Library:
    """The library's runner, over events that were saved beforehand."""

    def __init__(self, plain: Databases, views: asyncpg.Connection) -> None:
        its_view = {f"NAMES_{name}": value for name, value in library_settings(plain.views).items()}
        self._settings = library_settings(plain.truth) | its_view
        self._views = views
        with library(plain.truth) as app:
            for number in range(THEIR_CUSTOMERS):
                customer = Customer(f"Customer {number}")
                for version in range(2, THEIR_EVENTS_EACH + 1):
                    customer.rename(f"Customer {number} the {version}th")
                app.save(customer)

    async def drain(self) -> float:
        """Fold everything into an empty view; return events a second."""
        await self._views.execute(FORGET)
        rate = await asyncio.to_thread(self._drain)
        must_be(THEIR_EVENTS, await self._views.fetchval(VERSIONS), "versions in the view")
        return rate

    def _drain(self) -> float:
        with ProjectionRunner(
            application_class=Customers,
            projection_class=Names,
            view_class=View,
            env=self._settings,
        ) as runner:
            names = runner.projection
            if not isinstance(names, Names) or not names.all_shown.wait(WITHIN_SECONDS):
                raise BrokenSideError("the library's projection did not come to its end")
            return THEIR_EVENTS / (perf_counter() - names.started)


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure both, each over its own log."""
    plain = await ground.plain_databases()
    async with parts(ground) as here, connections(plain.views, 1) as (views,):
        log = CustomerLog(ground, here, lives(CUSTOMERS, EVENTS))
        await log.fill()
        theirs = Library(plain, views)
        seen = await in_turns(ROUNDS, log.drain, theirs.drain)
        return {"projection_vs_eventsourcing": pair(*seen)}


ROW = Row(
    "projection_vs_eventsourcing",
    (Claim("projection_vs_eventsourcing", 10, 20, "events/s"),),
    measure,
)
