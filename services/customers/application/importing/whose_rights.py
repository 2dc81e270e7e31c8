"""An import does what whoever handed it in may do at that moment; each decision is on record."""

from typing import Final

from services.customers.application.importing.jobs import Job
from shared.authorization.permissions import Permission
from shared.authorization.rights import Decisions, Noted, Rights
from shared.web.decision_log import DecisionLog

OPERATION: Final = "import_customers"


class WhoseRights:
    """The rights of those who handed in what one worker works off."""

    def __init__(self, decisions: Decisions, log: DecisionLog) -> None:
        self._decisions = decisions
        self._log = log
        self._notes: list[Noted] = []
        self._works_on: str | None = None

    def of(self, job: Job) -> Rights:
        """Return what whoever handed it in may do now.

        Raises:
            NotPermittedError: they may not import any more.
            UndecidedError: it is not known well enough; the import waits.
        """
        self._works_on = str(job.id)
        rights = Rights(self._decisions.basis(), job.actor, noted=self._notes.append)
        rights.require(Permission.CUSTOMERS_IMPORT)
        return rights

    async def settle(self) -> None:
        """Write down what was decided: a refusal is durable before anybody is told of it."""
        await self._log.settle(self._notes, OPERATION, target=self._works_on, is_running=True)
