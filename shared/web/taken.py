"""How much leaves with a download is written down as it leaves, and at its end."""

import logging
from typing import Final

from shared.errors import UnavailableError
from shared.eventstore.record_types import AccessRecorded, DownloadCounted
from shared.web.decision_log import Keeper
from shared.web.downloads import Download

_OF_THE_ACCESS: Final = {
    "operation", "route", "permission", "target", "is_restricted", "kind", "acting_as",
}  # fmt: skip

log = logging.getLogger(__name__)


class Taken:
    """A download whose access is on record, with what was told of it."""

    def __init__(
        self, keeper: Keeper, download: Download, access: AccessRecorded, subject: str, actor: str
    ) -> None:
        self._keeper = keeper
        self._download = download
        self._access = access.model_dump(include=_OF_THE_ACCESS)
        self._subject, self._actor = subject, actor
        self._told = 0

    async def tell(self, *, has_ended: bool = False) -> bool:
        """Write down what left since the last time; at the end also that this was nothing.

        Returns whether there is nothing left to tell: what the store does not take is told again.
        """
        items = self._download.items - self._told
        if not items and not has_ended:
            return True
        self._told += items
        record = DownloadCounted(
            **self._access,
            items=items,
            so_far=self._told,
            has_ended=has_ended,
            is_whole=has_ended and self._download.is_whole,
        )
        try:
            await self._keeper.note(record, subject=self._subject, actor=self._actor)
        except UnavailableError:
            self._told -= items
            log.warning("what leaves with a download cannot be counted now")
            return False
        return True
