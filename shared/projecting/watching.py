"""One watcher per api process knows how far the read models are and wakes whoever waits."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

import asyncpg

from shared.errors import YOURSELF, NotYetError, TokenOfEarlierEpochError, UnavailableError
from shared.eventstore.tokens import TokenPart
from shared.postgres.lanes import Lanes
from shared.postgres.listening import hearing
from shared.projecting.applying import CHANNEL
from shared.projecting.marks import READ_CURRENT, Followed, Mark

log = logging.getLogger(__name__)

SAFETY_SECONDS = 1.0
PAUSE_AFTER_FAILURE_SECONDS = 0.5


class MarkWatcher:
    """Knows the marks of one read model; `run` keeps them current."""

    name = "read model"

    def __init__(self, lanes: Lanes, followed: Followed, service: str) -> None:
        self._lanes = lanes
        self.followed = followed
        self.service = service
        self._moved = asyncio.Condition()
        self._told = asyncio.Event()
        self.marks: dict[int, Mark] = {}
        self.as_of: datetime | None = None
        """When the read model was last current, while one is built for the store's new epoch."""
        self.is_informed = False
        """Whether the marks were ever read: without, nothing is known of the read model."""

    @property
    def epoch(self) -> int:
        """The newest epoch that the read model has seen; 0 before the first event."""
        return max((mark.epoch for mark in self.marks.values()), default=0)

    async def run(self, stop: asyncio.Event) -> None:
        """Listen for the projector's word, and read the marks once a second as a safety."""
        while not stop.is_set():
            try:
                async with self._lanes.lane() as connection:
                    await self._listen(connection, stop)
            except (UnavailableError, OSError, asyncpg.InterfaceError, asyncpg.PostgresError):
                log.warning("the watcher lost its connection and listens again")
                await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)

    async def look(self) -> None:
        """Do nothing: `run` keeps the marks current."""

    async def wait_for(self, token: Sequence[TokenPart], seconds: float) -> None:
        """Return once the read model has seen everything that the token has.

        Parts of services that this read model does not follow are ignored.

        Raises:
            TokenOfEarlierEpochError: the store was restored since; the token means nothing now.
            NotYetError: not within `seconds`.
        """
        if self.has_seen(token):
            return
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.has_seen(token))
        except TimeoutError as error:
            raise NotYetError(
                f"the read model has not reached your token within {seconds:g} s",
                fix="repeat the read, with a longer `Prefer: wait=<seconds>` (at most 30),"
                " or leave the Daybook-Token out to see what is there now",
                who_can_help="an operator (`daybook lag` shows who is behind)",
                retry_after_seconds=1,
            ) from error

    def has_seen(self, token: Sequence[TokenPart]) -> bool:
        """Say whether the read model has everything that the token has (raises as `wait_for`)."""
        return all(self._has_seen(part) for part in token if part.service == self.service)

    async def wait_for_move(self, since: dict[int, Mark], seconds: float) -> dict[int, Mark]:
        """Return the marks as soon as they differ from `since`, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.marks != since)
        except TimeoutError:
            return self.marks
        return self.marks

    def refuse_earlier_epoch(self, token: Sequence[TokenPart]) -> None:
        """Raise TokenOfEarlierEpochError if a part is from before a restore."""
        for part in token:
            if part.service == self.service and part.epoch < self.epoch:
                raise TokenOfEarlierEpochError(
                    "the Daybook-Token is from before a restore",
                    field="Daybook-Token",
                    fix="leave the token out and read again",
                    who_can_help=YOURSELF,
                )

    def _has_seen(self, part: TokenPart) -> bool:
        self.refuse_earlier_epoch([part])
        mark = self.marks.get(part.partition)
        if mark is None:
            return False
        return (mark.epoch, mark.txid, mark.position) >= (part.epoch, part.txid, part.position)

    async def _listen(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        async with hearing(connection, CHANNEL, self._told.set):
            while not stop.is_set():
                self._told.clear()
                await self._read(connection)
                try:
                    await asyncio.wait_for(self._told.wait(), SAFETY_SECONDS)
                except TimeoutError:
                    continue

    async def _read(self, connection: asyncpg.Connection) -> None:
        rows = await connection.fetch(
            READ_CURRENT, self.followed.projection, self.followed.source, self.followed.topic
        )
        self.is_informed = True
        self.as_of = None
        if any(row["is_of_a_former_epoch"] for row in rows):
            self.as_of = max(row["moved_at"] for row in rows if row["moved_at"] is not None)
        marks = {row["partition"]: Mark(*tuple(row)[:6]) for row in rows}
        if marks != self.marks:
            async with self._moved:
                self.marks = marks
                self._moved.notify_all()
