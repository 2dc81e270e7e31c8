"""What is cut because somebody left is on record: work under way, and tokens of what they own.

Of a service account whose owner left the first use that is refused is told once by each process.
What is done in somebody else's name ends with either of the two, and is on record of whoever left.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Protocol

from shared.authorization.codes import Code
from shared.authorization.compiling import is_at_work
from shared.authorization.leaving import DecidingProcess, Leaving, late_ms, leaver_of
from shared.authorization.noting import BEGINNING
from shared.authorization.rights import Noted
from shared.errors import UnavailableError
from shared.events import Event
from shared.eventstore.record_types import WorkEnded
from shared.eventstore.records import RecordRefusedError

OF_ACCOUNT: Final = "service_token"
UNKNOWN: Final = "unknown"


class Keeps(Protocol):
    """Where records are kept: RecordKeeper."""

    async def keep(self, record: Event, *, subject: str, actor: str) -> None:
        """Return when the record is durable; UnavailableError if it cannot be."""


class CutWork:
    """What one process cut; what the store does not take at once is told later."""

    def __init__(self, keeper: Keeps, process: DecidingProcess) -> None:
        self._keeper = keeper
        self._process = process
        self._tokens: dict[str, tuple[str, Leaving | None]] = {}
        self._untold: list[WorkEnded] = []

    async def look(
        self,
        decided: Iterable[Noted],
        operation: str | None,
        target: str | None = None,
        *,
        is_running: bool,
    ) -> None:
        """Tell what these decisions of one piece of work cut.

        Args:
            decided: the decisions.
            operation: what they were made for.
            target: what is worked on, if it has an id of its own.
            is_running: whether the work was under way already, or waited to be done.
        """
        gone = next((noted for noted in decided if _who_is_gone(noted) is not None), None)
        if gone is None:
            return
        name = operation or UNKNOWN
        if self._is_new_token(gone):
            await self._tell(self._ended(gone, OF_ACCOUNT, name, None))
        if is_running:
            kind = gone[1].rpartition(":")[2]
            await self._tell(self._ended(gone, kind, name, target))

    async def tell_again(self) -> None:
        """Tell what the store did not take."""
        untold, self._untold = self._untold, []
        for record in untold:
            await self._tell(record)

    def _is_new_token(self, noted: Noted) -> bool:
        account, leaver, leaving = self._whose(noted)
        if account is None or self._tokens.get(account) == (leaver, leaving):
            return False
        self._tokens[account] = leaver, leaving
        return True

    def _whose(self, noted: Noted) -> tuple[str | None, str, Leaving | None]:
        who = _who_is_gone(noted) or noted[0].subject
        leaver = leaver_of(who, noted[0].basis.world.subjects)
        account = None if leaver == who else who
        return account, leaver, self._process.leavings.of(leaver)

    def _ended(self, noted: Noted, kind: str, operation: str, target: str | None) -> WorkEnded:
        account, leaver, leaving = self._whose(noted)
        left_at = None if leaving is None else leaving.left_at
        ended_at = BEGINNING + timedelta(microseconds=noted[0].basis.now)
        return WorkEnded(
            subject=leaver,
            process=self._process.name,
            kind=kind,
            operation=operation,
            target=target,
            service_account=account,
            left_at=left_at,
            ended_at=ended_at,
            late_ms=late_ms(left_at, ended_at),
        )

    async def _tell(self, record: WorkEnded) -> None:
        try:
            await self._keeper.keep(record, subject=record.subject, actor=self._process.account)
        except UnavailableError:
            self._untold.append(record)
        except RecordRefusedError:
            return  # Told and counted by the keeper.


def _who_is_gone(noted: Noted) -> str | None:
    """Return who a decision refused for not being at work: the subject, or who acts as it."""
    rights, code = noted[0], noted[3][1]
    if code is Code.INACTIVE_SUBJECT:
        return rights.subject
    subjects, actor = rights.basis.world.subjects, rights.around.actor
    acts = None if actor is None else subjects.get(actor)
    if code is not Code.ACTING_OVER or acts is None or is_at_work(acts, subjects):
        return None
    return actor
