"""No key of a deleted view stays, whatever died between the deletion and the key's end."""

import asyncio
import logging
from typing import Final

import asyncpg
import orjson

from services.customers.domain.view.events import ViewDeleted
from shared.errors import DaybookError
from shared.postgres.lanes import Lanes
from shared.security.subject_keys import SubjectKeys

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 300.0
DELETED = f"""select e.data from events e where e.stream >= 'view-' and e.stream < 'view.'
    and e.type = '{ViewDeleted.__name__}'"""


class ViewDeletions:
    """Destroys the keys of deleted views; `run` ends only when told to stop."""

    def __init__(self, truth: Lanes, keys: SubjectKeys) -> None:
        self._truth = truth
        self._keys = keys
        self._done: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look at the start and every few minutes; what fails is logged and tried again."""
        while not stop.is_set():
            try:
                await self.look()
            except (DaybookError, asyncpg.PostgresError, OSError) as error:
                name = type(error).__name__
                log.warning("keys of deleted views wait to be destroyed", extra={"error": name})
            try:
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)
            except TimeoutError:
                continue

    async def look(self) -> int:
        """Destroy each key of a deleted view that is still there; return how many were.

        Raises:
            UnavailableError: a server does not answer.
        """
        rows = await self._truth.fetch(DELETED)
        kids = {orjson.loads(row["data"])["kid"] for row in rows} - self._done
        left = await self._keys.not_destroyed(sorted(kids))
        if left:
            await self._keys.destroy(left)
        self._done |= kids
        return len(left)
