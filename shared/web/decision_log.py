"""Every decision about rights is on record: told by itself where it matters, else counted.

Told are refusals, and what is critical, takes data out or is done in somebody else's name. A
refusal is durable before it leaves; if the store takes nothing, it stays a refusal and is counted.
Nothing here can turn a refusal into an allowance, and no check waits for it.
"""

import asyncio
import logging
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from shared.authorization.leaving import DecidingProcess
from shared.authorization.noting import decision_of
from shared.authorization.rights import Noted
from shared.clock import Clock
from shared.errors import UnavailableError
from shared.events import Event
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.records import RecordRefusedError
from shared.web.alike import Alike, alike_of, record_of
from shared.web.allowances import Allowances
from shared.web.cut_work import CutWork
from shared.web.headers import Headers, request_id_in
from shared.web.repeats import Counted, Repeats

MOST_EQUAL_DECISIONS: Final = 100
"""So many a minute are told by themselves."""
TOLD_AT_ONCE: Final = 100
"""So many share a call to the store; a piece of work may decide a hundred thousand times."""
COUNT_EVERY_SECONDS: Final = 5.0
TELL_EVERY_SECONDS: Final = 1.0
CUSTOMER: Final = "customer"

log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Where records are kept: RecordKeeper."""

    async def keep(self, record: Event, *, subject: str, actor: str) -> None:
        """Return when the record is durable; UnavailableError if it cannot be."""

    async def note(self, record: Event, *, subject: str, actor: str) -> None:
        """Take the record to be kept soon; UnavailableError if there is no room for long."""


class Asked(NamedTuple):
    """What decisions were made for: the operation, the customer concerned, the caller's id."""

    operation: str | None
    about: str | None
    request_id: str | None


class DecisionLog:
    """The decisions of one process; `tell` once a second, and at the end all of it.

    Where no recorder of an api does that, `run` does, and `close` at the end.
    """

    def __init__(
        self,
        keeper: Keeper,
        clock: Clock,
        *,
        everything: bool = False,
        process: DecidingProcess | None = None,
    ) -> None:
        """Tell what `process` decides; every decision by itself if `everything`.

        So much is for tests and inquiries.
        """
        self._keeper = keeper
        self._process = None if process is None else process.name
        self._cut = None if process is None else CutWork(keeper, process)
        self._clock = clock
        self._everything = everything
        self._repeats: Repeats[Alike] = Repeats(clock, MOST_EQUAL_DECISIONS)
        self._allowances = Allowances()
        self._counted_at = clock.monotonic()
        self._telling: set[asyncio.Task[None]] = set()
        self._later: list[Noted] = []
        self.noted = self._later.append
        """Takes the decisions of work that no request waits for."""

    async def run(self, stop: asyncio.Event) -> None:
        """Tell once a second, until `stop` is set."""
        while not stop.is_set():
            await self.tell()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TELL_EVERY_SECONDS)

    async def close(self) -> None:
        """Tell all that was noted and counted."""
        await self.tell(all_of_it=True)

    async def settle(
        self,
        notes: list[Noted],
        operation: str | None = None,
        about: str | None = None,
        *,
        target: str | None = None,
        is_running: bool = False,
        headers: Headers = (),
    ) -> bool:
        """Write down what was noted, and forget it; say whether anything was refused.

        Args:
            notes: of one request, or of a piece of work; empty afterwards.
            operation: what the decisions were made for.
            about: the customer concerned, where the decisions do not say.
            target: the id of the work, if it has one.
            is_running: whether the work was under way, so that a refusal cuts it.
            headers: of the request, which may have an id of its caller's.

        What a program was told about somebody else refuses nobody here.
        """
        taken = notes.copy()
        notes.clear()
        counts = not self._everything
        told = [one for one in taken if not (counts and self._allowances.has_counted(one))]
        firsts = [noted for noted in told if self._is_told_singly(noted, operation)]
        own = [noted for noted in told if noted[0].asked_by is None]
        # Most that a program asks about others is neither: no task is begun for nothing.
        if firsts or own:
            asked = Asked(operation, about, request_id_in(headers))
            its = self._tell_and_cut(firsts, own, asked, target, is_running=is_running)
            telling = asyncio.create_task(its)
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)
            await asyncio.shield(telling)  # Told all the same when whoever asked is gone.
        return any(not answer[0] and rights.asked_by is None for rights, *_, answer in taken)

    async def tell(self, *, all_of_it: bool = False) -> None:
        """Tell what was noted beside requests, and what was counted when its time is over."""
        await self.settle(self._later)
        while all_of_it and self._telling:
            await asyncio.wait(self._telling)
        if self._cut is not None:
            await self._cut.tell_again()
        for alike, counted in self._repeats.take(all_of_them=all_of_it):
            await self._tell_counted(alike, counted)
        now = self._clock.monotonic()
        if not all_of_it and now - self._counted_at < COUNT_EVERY_SECONDS:
            return
        self._counted_at = now
        for alike, counted in self._allowances.take():
            if not await self._is_told(alike, counted):
                self._allowances.put_back(alike, counted)

    async def _tell_counted(self, alike: Alike, counted: Counted) -> None:
        takes_any = True
        for part in counted.parts():
            # A store that takes nothing makes nobody wait for each part of it.
            takes_any = takes_any and await self._is_told(alike, part)
            if not takes_any:
                self._repeats.put_back(alike, part)

    def searched(self, alike: Alike, times: int) -> None:
        """Count what was decided so many times for one answer."""
        now = self._clock.now()
        self._repeats.put_back(alike, Counted(times, now, now))

    async def _tell_and_cut(
        self,
        firsts: list[Noted],
        own: list[Noted],
        asked: Asked,
        target: str | None,
        *,
        is_running: bool,
    ) -> None:
        await self._tell_singly(firsts, asked)
        if self._cut is not None:
            await self._cut.look(own, asked.operation, target, is_running=is_running)

    async def _tell_singly(self, told: list[Noted], asked: Asked) -> None:
        """Tell some at once, in order; count the others when the store takes nothing."""
        singly = iter(told)
        try:
            while batch := list(islice(singly, TOLD_AT_ONCE)):
                telling = (self._tell_one(noted, asked) for noted in batch)
                if not all(await asyncio.gather(*telling)):
                    break
        finally:
            for noted in singly:
                self._count_beside(noted, alike_of(noted, asked.operation))

    def _is_told_singly(self, noted: Noted, operation: str | None) -> bool:
        """Say whether it is told by itself: always what is done in somebody else's name."""
        is_acting = noted[0].around.actor is not None
        return self._everything or is_acting or self._is_a_first(noted, operation)

    def _is_a_first(self, noted: Noted, operation: str | None) -> bool:
        """Say whether it is one of the first of its kind; if not, it is counted."""
        alike = alike_of(noted, operation)
        # A program asks about everybody: whoever it is about, what it is told is of one kind.
        is_first = alike.asked_by is None or self._repeats.has_room(alike.about_anybody)
        if is_first and self._repeats.has_room(alike):
            return True
        self._count_beside(noted, alike)
        return False

    def _count_beside(self, noted: Noted, alike: Alike) -> None:
        """Count one that is not told by itself, and which record it was of."""
        about = record_of(noted)
        # Of records one and all there is no id, and nothing to list.
        is_unlisted = about is None and noted[2] is not None and noted[2].id != ""
        self._repeats.count(alike, about, is_unlisted=is_unlisted)

    async def _tell_one(self, noted: Noted, asked: Asked) -> bool:
        """Tell one, or count it; say whether the store takes any."""
        alike = alike_of(noted, asked.operation)
        rights, permission, record, answer = noted
        its = rights.basis
        try:
            decision = decision_of(
                its.world, its.epoch, its.now, rights.subject, permission, record, rights.around,
                answer, asked.operation, self._process, rights.asked_by, asked.request_id,
            )  # fmt: skip
            write = self._keeper.note if answer[0] else self._keeper.keep
            actor = rights.asked_by or decision.actor or rights.subject
            subject = _customer(decision) or asked.about or rights.asked_by or rights.subject
            await write(decision, subject=subject, actor=actor)
        except UnavailableError:
            self._count_beside(noted, alike)
            return False
        except RecordRefusedError:
            pass  # Told and counted by the keeper; a refusal stays a refusal.
        except Exception:
            log.exception("a decision could not be written down, and is counted")
            self._count_beside(noted, alike)
        return True

    async def _is_told(self, alike: Alike, counted: Counted) -> bool:
        record = DecisionsCounted(
            **alike._asdict(),
            **counted.told(),
            resource_ids=tuple(counted.listed),
            times_unlisted=counted.unlisted,
            process=self._process,
        )
        actor = alike.asked_by or alike.actor or alike.subject
        try:
            await self._keeper.note(record, subject=alike.asked_by or alike.subject, actor=actor)
        except UnavailableError:
            log.warning("a count of decisions cannot be kept yet")
            return False
        return True


def _customer(decision: DecisionRecorded) -> str | None:
    """Return the customer that a decision is about, as events write ids."""
    if decision.resource_type != CUSTOMER or decision.resource_id is None:
        return None
    try:
        return str(UUID(decision.resource_id))
    except ValueError:
        return None
