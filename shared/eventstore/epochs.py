"""A store that was restored is noticed before anybody leans on it, and begins its next epoch.

What a restore changes shows in the store itself: the server it lives on, or a transaction id that
this server has never given out. What shows elsewhere (a mark of a read model, a record on Kafka)
ends in the same `begin_next_epoch` (DESIGN §3).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from shared.errors import DaybookError, UnavailableError
from shared.postgres.lanes import Lanes

log = logging.getLogger(__name__)

LOOK = """select s.epoch, s.system_identifier, s.timeline, t.system_identifier as this_server,
    t.timeline as this_timeline, newest_txid() as newest,
    pg_snapshot_xmax(pg_current_snapshot()) as next
    from store s cross join this_server() t"""
BEGIN = "select begin_next_epoch($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class ServerLook:
    """What the store itself shows; `moved` and `ahead` say what was found, None: all is well."""

    epoch: int
    moved: str | None
    ahead: str | None


class Epochs:
    """The lives of one store."""

    def __init__(self, lanes: Lanes) -> None:
        """Look and act as the role of these connections may."""
        self._lanes = lanes

    async def look(self) -> ServerLook:
        """Return whether the store is on the server it was on, and numbered as by this server.

        Raises:
            UnavailableError: the store does not answer, or its server only reads yet.
        """
        try:
            row = await self._lanes.fetchrow(LOOK)
        except asyncpg.ObjectNotInPrerequisiteStateError as error:
            raise UnavailableError(
                "the store's server still recovers from a backup, or is a replica",
                fix="wait until it takes writes (`select pg_is_in_recovery()`)",
                who_can_help="an operator",
                retry_after_seconds=5,
            ) from error
        if row is None:
            raise DaybookError("the store has no epoch", code="store-without-epoch")
        return ServerLook(row["epoch"], _moved(row), _ahead(row))

    async def check(self) -> int:
        """Begin the next epoch if the store was moved or restored; return the epoch that holds.

        Asked before a relay sends and an api serves.

        Raises:
            DaybookError: the store must be renumbered first, which only its owner may do.
            UnavailableError: the store does not answer.
        """
        look = await self.look()
        if look.ahead is not None:
            raise DaybookError(
                f"the store was restored from a dump: {look.ahead}",
                code="store-not-renumbered",
                fix="stop the service and run `daybook restore --check`",
                who_can_help="an operator",
            )
        if look.moved is None:
            return look.epoch
        await self.begin_next_epoch(look.epoch, look.moved)
        return await self.current()

    async def current(self) -> int:
        """Return the epoch."""
        return int(await self._lanes.fetchval("select epoch from store"))

    async def begin_next_epoch(self, epoch: int, reason: str, *, above: int = 0) -> None:
        """End this epoch, unless somebody has, and alarm: everything is published anew.

        Args:
            epoch: the one that ends.
            reason: what was found, one sentence, no personal data.
            above: a later epoch of this store that somebody has seen; the next one is higher.
        """
        begun = await self._lanes.fetchval(BEGIN, epoch, above + 1, reason)
        tell_of(begun, reason)


async def renumber(
    owner: asyncpg.Connection, epoch: int, reasons: Sequence[str], *, above: int = 0
) -> int:
    """Give the whole log numbers that this server can read, and begin the next epoch with it.

    Takes as long as writing every row anew; nobody reads or writes meanwhile. Killed in between,
    nothing has happened. Returns how many rows it was.

    Args:
        owner: a connection that acts as the store's owner.
        epoch: the one that ends.
        reasons: what was found.
        above: a later epoch of this store that somebody has seen.
    """
    reason = "; ".join(reasons)
    async with owner.transaction():
        rows = int(await owner.fetchval("select renumber_log()"))
        begun = await owner.fetchval(BEGIN, epoch, above + 1, reason)
    tell_of(begun, reason)
    return rows


def tell_of(begun: int | None, reason: str) -> None:
    """Raise the alarm that a new epoch has begun; None: somebody else did it and said so."""
    if begun is not None:
        log.critical(
            "the store was restored or moved: a new epoch begins, everything is published anew",
            extra={"epoch": begun, "reason": reason},
        )


def _moved(row: asyncpg.Record) -> str | None:
    if row["system_identifier"] != row["this_server"]:
        return "the store lives on another server than before"
    if row["timeline"] != row["this_timeline"]:
        return (
            f"the store's server is on timeline {row['this_timeline']}, it was on"
            f" {row['timeline']}: it was restored to a moment, or a replica took over"
        )
    return None


def _ahead(row: asyncpg.Record) -> str | None:
    if row["newest"] < row["next"]:
        return None
    return (
        f"it holds transaction {row['newest']}, and this server has only come to {row['next']};"
        " readers would wait for it in vain"
    )
