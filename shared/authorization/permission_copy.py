"""Each service keeps a copy of all permissions in its own database, with the age that it has.

A process that starts while the permissions service is away decides from it, as long as the risk of
what is asked allows something so old.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from shared.authorization.replica import Replica, Snapshot
from shared.authorization.snapshot import UnreadableSnapshotError
from shared.authorization.snapshot_lines import lines_of, snapshot_of
from shared.authorization.tail import SnapshotSource
from shared.errors import DaybookError
from shared.postgres.lanes import Lanes

KEEP_EVERY_SECONDS: Final = 10.0
READ = "select copy, as_of from permission_copy"
KEEP = """insert into permission_copy (epoch, feed_position, as_of, copy) values ($1, $2, $3, $4)
    on conflict (is_the_only) do update set epoch = excluded.epoch,
        feed_position = excluded.feed_position, as_of = excluded.as_of, copy = excluded.copy
    where (permission_copy.epoch, permission_copy.feed_position)
        < (excluded.epoch, excluded.feed_position)
        or (permission_copy.epoch, permission_copy.feed_position)
            = (excluded.epoch, excluded.feed_position)
        and permission_copy.as_of < excluded.as_of"""
# What has not changed is not written again: its age is a few bytes.
RENEW = """update permission_copy set as_of = $3
    where epoch = $1 and feed_position = $2 and as_of <> $3"""

log = logging.getLogger(__name__)


class PermissionCopy:
    """The copy of one service; `run` keeps it as young as the replica is."""

    def __init__(self, lanes: Lanes, replica: Replica) -> None:
        self._lanes = lanes
        self._replica = replica
        self._kept = (0, -1)

    async def read(self) -> Snapshot | None:
        """Return the copy; None if there is none yet, or none that this release can read."""
        row = await self._lanes.fetchrow(READ)
        if row is None:
            return None
        try:
            return await asyncio.to_thread(snapshot_of, row["copy"], row["as_of"])
        except UnreadableSnapshotError:
            log.warning("the copy of permissions is of another release, and is not used")
            return None

    async def keep(self) -> None:
        """Write what the replica has now, unless it does not know how old that is."""
        replica, as_of = self._replica, self._replica.freshness.as_of
        if as_of is None or replica.needs_snapshot:
            return
        at = replica.epoch, replica.world.position
        if at == self._kept:
            await self._lanes.execute(RENEW, *at, as_of)
            return
        snapshot = Snapshot(replica.epoch, replica.world, replica.place)
        lines = await asyncio.to_thread(lines_of, snapshot)
        await self._lanes.execute(KEEP, *at, as_of, lines)
        self._kept = at

    async def run(self, stop: asyncio.Event) -> None:
        """Keep it every ten seconds, and once more at the end."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), KEEP_EVERY_SECONDS)
            try:
                await self.keep()
            except DaybookError as error:
                log.warning("the copy of permissions cannot be kept", extra={"why": error.detail})


class WithCopy:
    """Asks whoever has all permissions; while they do not answer, gives the copy, once."""

    def __init__(self, source: SnapshotSource, copy: PermissionCopy, replica: Replica) -> None:
        self._source = source
        self._copy = copy
        self._replica = replica

    async def snapshot(self) -> Snapshot:
        """Return all permissions there are now, or were when the copy was kept.

        Raises:
            DaybookError: nobody answers, and there is no copy, or the replica knows more.
        """
        try:
            return await self._source.snapshot()
        except DaybookError:
            if self._replica.epoch > 0:
                raise
            kept = await self._copy.read()
            if kept is None:
                raise
            log.warning("permissions are as of a copy", extra={"as_of": str(kept.as_of)})
            return kept
