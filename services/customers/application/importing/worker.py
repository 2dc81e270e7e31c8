"""Imports go on until they end, each worked on by one worker at a time, whatever dies.

What a killed worker had not finished is taken over when its lease ends (5 s), from the first row
that is not done. An import has connections of its own, reads and checks in a thread, and writes a
thousand rows to a transaction; the next thousand when lists show them.

One that fails lets the others go first, and is tried again; a file that makes this code fail three
times alike, with nothing written in between, is given up: no file stands in the way of all others.

Whoever handed a file in is asked about anew before each batch of rows, by the rights of that
moment: nothing more is written once they are gone, and the import ends as stopped; where rights are
not known well enough it waits.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from functools import partial
from time import perf_counter
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from services.customers.application.fields import load_fields
from services.customers.application.importing.customers import ManyCustomers
from services.customers.application.importing.endings import (
    GIVEN_UP,
    NotOursError,
    ending,
    is_lost,
)
from services.customers.application.importing.jobs import LEASE, Job, Jobs
from services.customers.application.importing.measuring import ImportNumbers
from services.customers.application.importing.pace import Pace
from services.customers.application.importing.reading import Asked, FileReading, pulled
from services.customers.application.importing.sealing import FileSeal, Marks
from services.customers.application.importing.sources import FileSource, Source
from services.customers.application.importing.steps import Steps
from services.customers.application.importing.telling import Telling
from services.customers.application.importing.turns import Turns
from services.customers.application.importing.undoing import UndoSource
from services.customers.application.importing.whose_rights import WhoseRights
from shared.authorization.rights import Decisions
from shared.clock import Clock
from shared.errors import (
    DaybookError,
    DiskNearlyFullError,
    InvalidInputError,
    NotPermittedError,
    UndecidedError,
    VersionConflictError,
)
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.work import Deeds, Work
from shared.postgres.lanes import Lanes
from shared.projecting.poison import is_poison
from shared.security.subject_keys import SubjectKeys
from shared.web.decision_log import DecisionLog

log = logging.getLogger(__name__)

BATCH: Final = 1_000
RENEW_EVERY_SECONDS: Final = 1.0
LOOK_EVERY_SECONDS: Final = 0.5
SWEEP_EVERY_SECONDS: Final = 60.0
PAUSE_AFTER_FAILURE_SECONDS: Final = 0.5
TRIES: Final = 3


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
        decisions: Decisions,
        log_of_decisions: DecisionLog,
        metrics: Metrics = UNMEASURED,
        turns: Turns | None = None,
        *,
        batch: int = BATCH,
    ) -> None:
        """Work on this store; `appended` is set after each commit, so that the relay wakes.

        `decisions` say what who handed a file in may do, and all of it goes to `log_of_decisions`.
        Without `turns` nobody is waited for.
        """
        self._store = store
        self._lanes = lanes
        self._keys = keys
        self._marks = Marks(secret)
        self._clock = clock
        self._appended = appended
        self._rights = WhoseRights(decisions, log_of_decisions)
        self._turns = turns
        self._batch = batch
        self._jobs = Jobs(lanes, uuid4())
        self._telling = Telling(self._jobs, clock)
        self._customers = ManyCustomers(store, keys)
        self._numbers = ImportNumbers(metrics)
        self._failures: Counter[UUID] = Counter()
        self._waits_for: str | None = None
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
                self._waits_for = None
                pause = LOOK_EVERY_SECONDS
            except Exception as error:  # noqa: BLE001 - it is logged; the others go on
                self._failed(error)
                pause = PAUSE_AFTER_FAILURE_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def work_off_one(self, stop: asyncio.Event | None = None) -> bool:
        """Take one import to its end, or until told to stop; False if there is none to do.

        Whatever fails, the import is left for the next who looks, a lease later.

        Raises:
            DiskNearlyFullError: there is too little room; no import is touched.
        """
        self._store.refuse_if_short()
        job = await self._jobs.claim(self._clock.now())
        if job is None:
            return False
        renewing = asyncio.create_task(self._renew(job.id))
        work = asyncio.create_task(self._work_off(job, stop or asyncio.Event()))
        aside = None
        try:
            await asyncio.wait({renewing, work}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() or is_lost(work.exception()):
                log.info("an import is not this worker's any more")
            else:
                work.result()
        except Exception:
            aside = LEASE
            raise
        finally:
            renewing.cancel()
            work.cancel()
            await asyncio.wait({renewing, work})
            await self._jobs.give_up(job.id, aside)
        return True

    def _failed(self, error: Exception) -> None:
        if isinstance(error, DiskNearlyFullError):
            self._deeds.succeeded("waited for room", self._clock.monotonic())
        else:
            self._deeds.failed(type(error).__name__, self._clock.monotonic())
        if not isinstance(error, DaybookError | asyncpg.PostgresError | OSError):
            log.error("an import fails and is tried again", exc_info=error)
        elif self._waits_for != (what := type(error).__name__):
            self._waits_for = what
            log.warning("imports wait", extra={"error": what})

    async def _work_off(self, job: Job, stop: asyncio.Event) -> None:
        cipher = (await self._keys.read([job.kid]))[job.kid]
        if cipher is None:
            await self._jobs.end(job.id, "failed", self._clock.now())
            return
        seal = FileSeal(job.id, cipher)
        try:
            work = self._import if job.undoes is None else self._undo
            is_done = await work(job, seal, stop)
        except (InvalidInputError, NotPermittedError) as error:
            log.info("an import ends early", extra={"import": str(job.id)})
            await self._telling.ends(job, seal, *ending(error))
            del self._failures[job.id]
        except UndecidedError as error:
            await self._telling.waits(job, seal, error)
            raise
        except Exception as error:
            if not self._is_given_up(job, error):
                raise
            log.exception("an import is given up", extra={"import": str(job.id)})
            await self._telling.ends(job, seal, GIVEN_UP, "failed")
            del self._failures[job.id]
        else:
            if is_done:
                await self._jobs.end(job.id, "done", self._clock.now())

    def _is_given_up(self, job: Job, error: Exception) -> bool:
        """Say whether the file makes us fail again and again; an undoing is tried for ever."""
        is_ours = isinstance(error, NotOursError | DaybookError)
        if is_ours or job.undoes is not None or not is_poison(error):
            return False
        self._failures[job.id] += 1
        return self._failures[job.id] >= TRIES

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
        return await self._through(job, source, seal, stop)

    async def _undo(self, job: Job, seal: FileSeal, stop: asyncio.Event) -> bool:
        fields = (await load_fields(self._store)).fields
        undoing = UndoSource(job, self._jobs, self._customers, seal, fields)
        return await self._through(job, undoing, seal, stop)

    async def _through(self, job: Job, source: Source, seal: FileSeal, stop: asyncio.Event) -> bool:
        """Write every step that the source has; False if told to stop before its end."""
        steps = Steps(self._store, job, self._jobs.owner)
        pace = Pace(self._batch)
        written: TokenPart | None = None
        try:
            while not stop.is_set():
                began = perf_counter()
                rights = self._rights.of(job)
                step = await source.next_step(rights, pace.rows)
                await self._telling.goes_on(job, seal)
                if step is None:
                    return True
                began += await self._turn(written, stop)
                await self._rights.settle()
                if not (job.is_dry_run or rights.hold_on(self._rights.of(job).basis)):
                    pace.overtaken()  # Rights changed: the same rows are planned anew.
                    continue
                try:
                    written = await steps.write(step, self._clock.now())
                except VersionConflictError:
                    pace.overtaken()  # Somebody was faster: the same rows are planned anew.
                    continue
                self._appended.set()
                source.written()
                pace.kept()
                self._numbers.written(job, step, perf_counter() - began)
                del self._failures[job.id]
                self._deeds.succeeded("wrote a batch", self._clock.monotonic())
        finally:
            await source.close()
            await self._rights.settle()
        return False

    async def _turn(self, written: TokenPart | None, stop: asyncio.Event) -> float:
        """Return when the next rows may be written, or to stop: how many seconds it took."""
        began = perf_counter()
        if written is not None and self._turns is not None:
            while not (await self._turns.has_come(written) or stop.is_set()):
                self._deeds.succeeded("waited for its turn", self._clock.monotonic())
        return perf_counter() - began

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
