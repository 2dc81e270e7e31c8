"""What was erased is also written where no restore of a database reaches: the erasure ledger.

A line is durable before the key is destroyed. Every start compares the ledger with the databases,
so that a restore brings nobody back (DESIGN §6).
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import asyncpg

from shared.clock import Clock
from shared.errors import DaybookError
from shared.postgres.lanes import Lanes
from shared.security.ledger_file import LedgerFile, LedgerLine

Result = TypeVar("Result")

KNOWN = "select id from erasure_ledger"
GET_KNOWN = "insert into erasure_ledger (id) values ($1) on conflict do nothing"


class LedgerMissingError(DaybookError):
    """There was a ledger, and it is not here; nothing may be opened without it."""

    code = "erasure-ledger-missing"
    title = "The erasure ledger is not there"


class ErasureLedger:
    """The ledger of one installation, on a volume of its own; safe to share between tasks."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = LedgerFile(folder)
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def begin(self, keys: Lanes) -> None:
        """Begin the first ledger of an installation, or see that it is the one that was begun.

        The key database remembers which ledger belongs to it, so that an empty folder is not
        taken for an installation that has erased nobody.

        Raises:
            LedgerMissingError: there was one; or another installation's is here.
            LedgerDamagedError: a line is not what was written.
            UnavailableError: it cannot be read, or the key database does not answer.
        """
        if await self.recognise(keys):
            return
        await self._do(lambda: self._file.make(self._clock.now()))
        await self._do(self._file.read)
        await keys.fetch(GET_KNOWN, self._file.id)
        await self.recognise(keys)  # another process may have been faster

    async def recognise(self, keys: Lanes) -> bool:
        """Say whether the key database knows a ledger, and see that it is this one.

        Raises:
            LedgerMissingError: it is not there, or this is another installation's.
            LedgerDamagedError: a line is not what was written.
            UnavailableError: it cannot be read, or the key database does not answer.
        """
        known: UUID | None = await keys.fetchval(KNOWN)
        if known is None:
            return False
        if not await self._do(self._file.exists):
            raise _missing(self._file.path)
        await self._do(self._file.read)
        if known != self._file.id:
            raise _foreign(self._file.path)
        return True

    async def adopt(self, owner: asyncpg.Connection) -> None:
        """Make this ledger the installation's, whatever was known before; an operator's order.

        Args:
            owner: a connection that acts as the key database's owner.

        Raises:
            LedgerDamagedError: a line is not what was written.
            UnavailableError: it cannot be written.
        """
        await self._do(lambda: self._file.make(self._clock.now()))
        await self._do(self._file.read)
        async with owner.transaction():
            await owner.execute("delete from erasure_ledger")
            await owner.execute(GET_KNOWN, self._file.id)

    async def lines(self) -> Mapping[str, LedgerLine]:
        """Return every line, by the reference of the key; none if there is no ledger.

        Raises:
            LedgerDamagedError: a line is not what was written.
            UnavailableError: it cannot be read.
        """
        if not await self._do(self._file.exists):
            return {}
        await self._do(self._file.read)
        return dict(self._file.lines)

    async def refuse_unwritable(self) -> None:
        """Raise UnavailableError unless a line could be added now."""
        await self._do(self._file.refuse_unwritable)

    async def add(self, subject: str, kid: str, event_id: UUID, at: datetime) -> LedgerLine:
        """Return the line of this key once it is durable; adding it again changes nothing.

        Args:
            subject: whose data is erased, an opaque id.
            kid: the reference of the key to destroy.
            event_id: the event that opened the erasure.
            at: when that was.

        Raises:
            LedgerDamagedError: a line is not what was written.
            UnavailableError: it cannot be written; the key must not be destroyed.
        """
        return await self._do(lambda: self._file.add(subject, kid, event_id, at))

    async def _do(self, work: Callable[[], Result]) -> Result:
        async with self._one_at_a_time:
            return await asyncio.to_thread(work)


def _missing(path: Path) -> LedgerMissingError:
    """Return the refusal to open without a ledger that is known to have been there."""
    return LedgerMissingError(
        f"the erasure ledger {path} is not there, and there was one",
        fix="mount its volume, or put its newest copy there; if it is lost for good,"
        " `python -m services.customers ledger` begins a new one from what the store knows",
        who_can_help="an operator, with data protection",
    )


def _foreign(path: Path) -> LedgerMissingError:
    return LedgerMissingError(
        f"the erasure ledger {path} belongs to another installation",
        fix="mount the volume that belongs to these databases",
        who_can_help="an operator",
    )
