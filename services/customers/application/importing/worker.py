"""Imports go on until they end, each worked on by one worker at a time, whatever dies.

What a killed worker had not finished is taken over when its lease ends (5 s), from the first row
that is not done. While others write, an import takes turns with them: it has connections of its
own, reads and checks in a thread, and writes a few hundred rows to a transaction.
"""

import asyncio
import contextlib
import logging
from functools import partial
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from services.customers.application.fields import load_fields
from services.customers.application.importing.customers import ManyCustomers
from services.customers.application.importing.jobs import Job, Jobs
from services.customers.application.importing.reading import Asked, FileReading, pulled
from services.customers.application.importing.sealing import FileSeal, Marks
from services.customers.application.importing.sources import FileSource, Source
from services.customers.application.importing.steps import Steps
from services.customers.application.importing.undoing import UndoSource
from shared.clock import Clock
from shared.errors import DaybookError, InvalidInputError, VersionConflictError
from shared.eventstore.store import EventStore
from shared.observability.work import Deeds, Work
from shared.postgres.lanes import Lanes
from shared.security.subject_keys import SubjectKeys

log = logging.getLogger(__name__)

BATCH: Final = 1_000
RENEW_EVERY_SECONDS: Final = 1.0
LOOK_EVERY_SECONDS: Final = 0.5
SWEEP_EVERY_SECONDS: Final = 60.0
PAUSE_AFTER_FAILURE_SECONDS: Final = 0.5
NOT_OURS: Final = "DB409"


class NotOursError(Exception):
    """Another worker has the import, or it was cancelled."""


class ImportWorker:
    """Works off imports; `run` ends only when told to stop."""

    def __init__(
        self,
        store: EventStore,
        lanes: Lanes,
        keys: SubjectKeys,
        secret: bytes,
        clock: Clock,
        appended: asyncio.Event,
        *,
        batch: int = BATCH,
    ) -> None:
        """Work on this store; `appended` is set after each commit, so that the relay wakes."""
        self._store = store
        self._lanes = lanes
        self._keys = keys
        self._marks = Marks(secret)
        self._clock = clock
        self._appended = appended
        self._batch = batch
        self._jobs = Jobs(lanes, uuid4())
        self._customers = ManyCustomers(store, keys)
        self._swept: float | None = None
        self._deeds = Deeds("imports")

    def work(self) -> Work:
        """Return what this worker did last."""
        return self._deeds.seen(self._clock.monotonic())

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what fails is logged, and taken up again."""
        while not stop.is_set():
            try:
                if await self.work_off_one(stop):
                    continue
                await self._sweep_if_due()
                self._deeds.succeeded("looked for imports", self._clock.monotonic())
                pause = LOOK_EVERY_SECONDS
            except (DaybookError, asyncpg.PostgresError, OSError) as error:
                log.warning("imports wait", extra={"error": type(error).__name__})
                self._deeds.failed(type(error).__name__, self._clock.monotonic())
                pause = PAUSE_AFTER_FAILURE_SECONDS
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue

    async def work_off_one(self, stop: asyncio.Event | None = None) -> bool:
        """Take one import to its end, or until told to stop; False if there is none to do.

        Whatever fails, the import is left for the next who looks.
        """
        job = await self._jobs.claim(self._clock.now())
        if job is None:
            return False
        renewing = asyncio.create_task(self._renew(job.id))
        work = asyncio.create_task(self._work_off(job, stop or asyncio.Event()))
        try:
            await asyncio.wait({renewing, work}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                log.info("an import is not this worker's any more")
                return True
            try:
                work.result()
            except NotOursError:
                log.info("an import is not this worker's any more")
            except asyncpg.PostgresError as error:
                if error.sqlstate != NOT_OURS:
                    raise
        finally:
            renewing.cancel()
            work.cancel()
            await asyncio.wait({renewing, work})
            await self._jobs.give_up(job.id)
        return True

    async def _work_off(self, job: Job, stop: asyncio.Event) -> None:
        cipher = (await self._keys.read([job.kid]))[job.kid]
        if cipher is None:
            await self._jobs.end(job.id, "failed", self._clock.now())
            return
        seal = FileSeal(job.id, cipher)
        try:
            if job.undoes is None:
                is_done = await self._import(job, seal, stop)
            else:
                undoing = UndoSource(job, self._jobs, self._customers, seal)
                is_done = await self._through(job, undoing, stop)
        except InvalidInputError as error:
            about = {**seal.open_json(job.about, "about"), "problem": _told(error)}
            await self._jobs.tell(job.id, seal.seal_json(about, "about"))
            await self._jobs.end(job.id, "failed", self._clock.now())
            return
        if is_done:
            await self._jobs.end(job.id, "done", self._clock.now())

    async def _import(self, job: Job, seal: FileSeal, stop: asyncio.Event) -> bool:
        about = seal.open_json(job.about, "about")
        if job.is_dry_run and job.rows:
            await self._jobs.begin_again(job.id)
            job = await self._jobs.read(job.id)
        loop = asyncio.get_running_loop()
        chunks = pulled(partial(self._chunk, job.id, seal), job.chunks, loop)
        reading = await asyncio.to_thread(FileReading, Asked.of(about), chunks, self._marks)
        if "columns" not in about:
            about |= reading.found
            await self._jobs.tell(job.id, seal.seal_json(about, "about"))
        await asyncio.to_thread(reading.skip, job.rows)
        source = FileSource(
            job, reading, seal, self._marks, lanes=self._lanes, customers=self._customers,
            keys=self._keys, fields=(await load_fields(self._store)).fields, batch=self._batch,
        )  # fmt: skip
        return await self._through(job, source, stop)

    async def _through(self, job: Job, source: Source, stop: asyncio.Event) -> bool:
        """Write every step that the source has; False if told to stop before its end."""
        steps = Steps(self._store, job, self._jobs.owner)
        try:
            while not stop.is_set():
                step = await source.next_step()
                if step is None:
                    return True
                try:
                    await steps.write(step, self._clock.now())
                except VersionConflictError:
                    continue  # Somebody was faster: the same rows are planned anew.
                self._appended.set()
                source.written()
                self._deeds.succeeded("wrote a batch", self._clock.monotonic())
        finally:
            await source.close()
        return False

    async def _chunk(self, import_id: UUID, seal: FileSeal, number: int) -> bytes:
        sealed = await self._jobs.chunk(import_id, number)
        if sealed is None:
            raise NotOursError
        return seal.open(sealed, f"chunk-{number}")

    async def _renew(self, import_id: UUID) -> None:
        """Return when the import is not ours any more."""
        never = asyncio.Event()
        while await self._jobs.renew(import_id):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), RENEW_EVERY_SECONDS)

    async def sweep(self) -> None:
        """Delete what is not needed any more; what an import told of its rows goes with its key."""
        for import_id, kid in await self._jobs.sweep(self._clock.now()):
            await self._keys.destroy_for_file(kid)
            await self._jobs.empty(import_id, self._clock.now())

    async def _sweep_if_due(self) -> None:
        now = self._clock.monotonic()
        if self._swept is None or now - self._swept >= SWEEP_EVERY_SECONDS:
            self._swept = now
            await self.sweep()


def _told(error: InvalidInputError) -> dict[str, str | None]:
    return {"field": error.field, "problem": error.detail, "fix": error.fix}
