"""A process that decides tells of everybody who leaves from when on it refuses them.

No swap of permissions waits for it. What the store does not take is kept and tried again; how much
of that there is, is a number that operators see.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from shared.authorization.leaving import DecidingProcess, Leaving, late_ms
from shared.errors import UnavailableError
from shared.eventstore.record_types import LeavingApplied
from shared.eventstore.records import RecordRefusedError
from shared.observability.metrics import Metrics
from shared.web.decision_log import Keeper

LOOK_EVERY_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 1.0
MOST_AT_ONCE: Final = 500
"""So many records one call to the store takes."""

log = logging.getLogger(__name__)


class LeavingLog:
    """Tells what one replica sees of leavings; `run` while it does, and `close` at the end."""

    def __init__(self, process: DecidingProcess, keeper: Keeper, metrics: Metrics) -> None:
        self._process = process
        self._leavings = process.leavings
        self._keeper = keeper
        self._metrics = metrics

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until `stop` is set."""
        while not stop.is_set():
            pause = LOOK_EVERY_SECONDS if await self.tell() else AGAIN_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def close(self) -> None:
        """Tell what is left; what the store does not take is said to be lost."""
        if not await self.tell():
            lost = {"leavings": self._leavings.untold}
            log.critical("leavings could not be told before the end of the process", extra=lost)

    async def set_number(self) -> None:
        """Set how many leavings are untold."""
        self._metrics.set("daybook_leavings_untold", self._leavings.untold)

    async def tell(self) -> bool:
        """Tell all that is untold; False: the store did not take all of it."""
        while some := self._leavings.next(MOST_AT_ONCE):
            if not all(await asyncio.gather(*map(self._is_kept, some))):
                return False
        return True

    async def _is_kept(self, leaving: Leaving) -> bool:
        record = LeavingApplied(
            subject=leaving.subject,
            process=self._process.name,
            left_at=leaving.left_at,
            applied_at=leaving.applied_at,
            late_ms=late_ms(leaving.left_at, leaving.applied_at),
            service_accounts=leaving.service_accounts,
            is_at_start=leaving.is_at_start,
            epoch=leaving.epoch,
            position=leaving.position,
        )
        try:
            actor = self._process.account
            await self._keeper.keep(record, subject=leaving.subject, actor=actor)
        except UnavailableError:
            return False
        except RecordRefusedError:
            pass  # Told and counted by the keeper; it would be refused again.
        self._leavings.told(leaving)
        return True
