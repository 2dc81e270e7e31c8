"""What an import says of itself: why it waits, that it goes on, why it came to no end.

It waits while it is not known whether whoever handed it in may still import; no row is lost.
"""

from services.customers.application.importing.endings import Problem, waiting
from services.customers.application.importing.jobs import Job, Jobs, State
from services.customers.application.importing.sealing import FileSeal
from shared.clock import Clock
from shared.errors import UndecidedError

ABOUT = "about"
PROBLEM = "problem"


class Telling:
    """Says it beside what is known of the file, which may have been looked at meanwhile."""

    def __init__(self, jobs: Jobs, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    async def waits(self, job: Job, seal: FileSeal, error: UndecidedError) -> None:
        """Say that it waits, and goes on by itself."""
        await self._say(job, seal, waiting(error))

    async def goes_on(self, job: Job, seal: FileSeal) -> None:
        """Say no more that it waits, if whoever had it before did."""
        if PROBLEM in seal.open_json(job.about, ABOUT):
            await self._say(job, seal, None)

    async def ends(self, job: Job, seal: FileSeal, problem: Problem, state: State) -> None:
        """Let it end, saying why."""
        await self._say(job, seal, problem)
        await self._jobs.end(job.id, state, self._clock.now())

    async def _say(self, job: Job, seal: FileSeal, problem: Problem | None) -> None:
        now = await self._jobs.read(job.id)
        about = {**seal.open_json(now.about, ABOUT)}
        if about.pop(PROBLEM, None) != problem:
            said = about if problem is None else {**about, PROBLEM: problem}
            await self._jobs.tell(job.id, seal.seal_json(said, ABOUT))
