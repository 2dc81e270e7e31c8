"""The steps of importing a file: each batch is read in a thread while the last one is written.

Not before: two threads that compute at the same moment wait for each other, and would have nothing
to do while the database writes.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from services.customers.application.importing.customers import ManyCustomers
from services.customers.application.importing.jobs import Job
from services.customers.application.importing.planned import Known, KnownKey
from services.customers.application.importing.planning import Planner
from services.customers.application.importing.reading import FileReading, ReadRow
from services.customers.application.importing.sealing import FileSeal, Marks
from services.customers.application.importing.steps import Step, step_of
from services.customers.application.permitting import Writing
from services.customers.domain.field.rules import Fields
from shared.authorization.permissions import Permission
from shared.authorization.rights import Rights
from shared.postgres.lanes import Lanes
from shared.security.subject_keys import SubjectKey, SubjectKeys

KEYS: Final = """select key, nth, customer_id, content, import_id from import_keys
    where key = any ($1::bytea[])"""

UNUSED: Final = SubjectKey.of("", bytes(32))
"""A dry run seals nothing."""


class Source(Protocol):
    """Where the steps of an import come from."""

    async def next_step(self, rights: Rights, at_most: int) -> Step | None:
        """Return what is to be written next: at most so many rows, and again until `written`.

        Of it only what whoever handed it in may write by these rights.
        """
        ...

    def written(self) -> None:
        """Go on to the rows behind."""
        ...

    async def close(self) -> None:
        """Leave nothing running."""
        ...


class FileSource:
    """The steps of a file."""

    def __init__(
        self,
        job: Job,
        reading: FileReading,
        seal: FileSeal,
        marks: Marks,
        *,
        lanes: Lanes,
        customers: ManyCustomers,
        keys: SubjectKeys,
        fields: Fields,
        batch: int,
    ) -> None:
        self._job = job
        self._reading = reading
        self._seal = seal
        self._marks = marks
        self._lanes = lanes
        self._customers = customers
        self._keys = keys
        self._size = batch
        self._fields = fields
        self._planner = Planner(job.id, fields, is_dry_run=job.is_dry_run)
        self._batch: tuple[list[ReadRow], int] | None = None
        self._planned_rows = 0
        self._ahead: asyncio.Task[tuple[list[ReadRow], int]] | None = None

    async def next_step(self, rights: Rights, at_most: int) -> Step | None:
        """Return the next rows of the batch that was read, as they are to be written now."""
        if self._batch is None:
            self._batch = await (self._ahead or self._read_ahead())
            self._ahead = None
        every, reached = self._batch
        if not every:
            return None
        rows = every[:at_most]
        self._planned_rows = len(rows)
        known = await self._look_up(rows)
        places = self._planner.places(rows, known.keys)
        new = sum(mark not in known.keys for mark in _marks(rows, places))
        fresh = [UNUSED] * new if self._job.is_dry_run else await self._keys.make(new)
        writing = Writing(rights, Permission.CUSTOMERS_IMPORT, self._fields)
        step = await asyncio.to_thread(self._planned, rows, places, reached, known, fresh, writing)
        self._ahead = self._ahead or self._read_ahead()
        return step

    def written(self) -> None:
        """Go on to the rows behind."""
        every, reached = self._batch or ([], 0)
        left = every[self._planned_rows :]
        self._batch = (left, reached) if left else None

    async def close(self) -> None:
        """Let the thread end that reads ahead."""
        if self._ahead is not None:
            await asyncio.wait({self._ahead})

    def _read_ahead(self) -> "asyncio.Task[tuple[list[ReadRow], int]]":
        def read() -> tuple[list[ReadRow], int]:
            rows = self._reading.next_batch(self._size)
            return rows, self._reading.bytes_read

        return asyncio.create_task(asyncio.to_thread(read))

    def _planned(
        self,
        rows: Sequence[ReadRow],
        places: Sequence[int],
        reached: int,
        known: Known,
        fresh: list[SubjectKey],
        writing: Writing,
    ) -> Step:
        plan = self._planner.plan(rows, places, known, fresh, writing)
        is_dry_run = self._job.is_dry_run
        return step_of(plan, len(rows), reached, self._seal, self._marks, is_dry_run=is_dry_run)

    async def _look_up(self, rows: Sequence[ReadRow]) -> Known:
        found = await self._lanes.fetch(KEYS, [row.key for row in rows])
        marks = {
            (row["key"], row["nth"]): KnownKey(row["customer_id"], row["content"], row["import_id"])
            for row in found
        }
        same = {row.key: row.content for row in rows}
        wanted = {its.customer_id for (key, _), its in marks.items() if its.content != same[key]}
        wanted |= {its for row in rows if (its := _named(row)) is not None}
        return Known(marks, await self._customers.load(wanted))


def _marks(rows: Sequence[ReadRow], places: Sequence[int]) -> list[tuple[bytes, int]]:
    """Return the marks of the rows that name no customer themselves."""
    both = zip(rows, places, strict=True)
    return [(row.key, nth) for row, nth in both if row.entry.id is None]


def _named(row: ReadRow) -> UUID | None:
    try:
        return None if row.entry.id is None else UUID(row.entry.id)
    except ValueError:
        return None
