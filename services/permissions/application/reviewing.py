"""Reviews go on by themselves: what is due is done once, whichever process sees it first.

Nothing is kept between two looks. What is to be done follows from the log and the time, and each
step is one transaction that is refused if anything was decided since: a process that is killed
loses a step or has done it, and two processes never do it twice.
"""

import asyncio
import logging
from typing import Final
from uuid import UUID

from services.permissions.application.deciding import Deciding
from services.permissions.application.known_uses import as_far_as_known
from services.permissions.domain.review.timing import waiting, work_on
from services.permissions.domain.usage import NOT_KNOWN
from shared.errors import DaybookError, UnavailableError, VersionConflictError

LOOK_EVERY_SECONDS: Final = 15.0

log = logging.getLogger(__name__)


class ReviewWork:
    """Does what is due in reviews, in the process that decides."""

    def __init__(self, its: Deciding, look_every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._its = its
        self._look_every_seconds = look_every_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds, and whenever somebody says that there is work, until `stop`.

        What fails is tried again at the next look: an answer may be missing for a while.
        """
        while not stop.is_set():
            self._its.work_is_there.clear()
            try:
                await self.do_all(stop)
            except (UnavailableError, VersionConflictError) as error:
                log.warning("reviews wait", extra={"problem": error.problem_code})
            await _first_of(stop, self._its.work_is_there, self._look_every_seconds)

    async def do_all(self, stop: asyncio.Event | None = None) -> int:
        """Do everything that is due now, step by step; returns how many steps it did.

        Raises:
            UnavailableError: a server does not answer.
            VersionConflictError: others keep changing permissions at this moment.
        """
        its, done, stuck = self._its, 0, set[UUID]()
        while stop is None or not stop.is_set():
            await its.book.catch_up()
            review_id = await asyncio.to_thread(
                waiting, its.book.book.copy(), its.clock.now(), stuck
            )
            if review_id is None:
                break
            try:
                # To look for the next one means to look at all of them.
                while await self._do_next(review_id) and not (stop is not None and stop.is_set()):
                    done += 1
            except (UnavailableError, VersionConflictError):
                raise
            except DaybookError as error:
                # One that cannot go on does not keep the others; the next look tries it again.
                stuck.add(review_id)
                told = {"problem": error.problem_code, "stream": f"review-{review_id}"}
                log.error("a review cannot go on", extra=told)  # noqa: TRY400 - the code says it
        return done

    async def _do_next(self, review_id: UUID) -> bool:
        """Do the next step of a review; says whether there was one."""
        its = self._its
        is_new = its.book.book.review(review_id).started is None
        uses = await as_far_as_known(its.uses) if is_new else NOT_KNOWN
        outcome = await its.commands.run(
            lambda book, at: work_on(book, review_id, at, uses), by=f"review-{review_id}"
        )
        return bool(outcome.facts)


async def _first_of(stop: asyncio.Event, work: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.ensure_future(one.wait()) for one in (stop, work)]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in waits:
        one.cancel()
