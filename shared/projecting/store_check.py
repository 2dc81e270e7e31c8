"""Whether a store went back in time is asked at each start, and as long as an api runs.

The store itself shows that it lives on another server or was restored from a dump. A folder that
was copied back shows only in what others have seen: same server, same timeline, an emptied Kafka.
So every mark of its read models is compared with its feed. What Kafka has is looked at by the
relay, when it starts and whenever it takes over a partition.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import asyncpg

from shared.errors import UnavailableError
from shared.eventstore.epochs import Epochs, renumber
from shared.eventstore.feed import Feed
from shared.observability.failures import said_of
from shared.postgres.lanes import Lanes

log = logging.getLogger(__name__)

CHECK_EVERY_SECONDS = 10.0
# The marks of read models that are level are the same places: each is looked at once.
MARKS = """select distinct m.partition, m.epoch, m.feed_position, m.txid, m.position
    from projection_marks m where m.source = $1 and m.topic = $2 and m.epoch >= $3"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check looked at, and what is wrong with it (None: nothing)."""

    check: str
    looked_at: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What was found in the store's epoch; `newest_epoch` is the latest that anybody has seen."""

    epoch: int
    findings: tuple[Finding, ...]
    newest_epoch: int
    must_be_renumbered: bool

    @property
    def problems(self) -> Sequence[str]:
        """What is wrong; empty if the store is what it was."""
        return [finding.problem for finding in self.findings if finding.problem is not None]


class StoreCheck:
    """Checks one store against its server and its read models, and begins the next epoch."""

    def __init__(self, truth: Lanes, views: Lanes, source: str, topic: str) -> None:
        """Look as the api does."""
        self._epochs = Epochs(truth)
        self._feed = Feed(truth, topic)
        self._views = views
        self._source = source

    async def look(self) -> StoreReport:
        """Look at everything and change nothing.

        Raises:
            UnavailableError: one of the servers does not answer.
        """
        server = await self._epochs.look()
        marks = await self._views.fetch(MARKS, self._source, self._feed.topic, server.epoch)
        newest = max((mark["epoch"] for mark in marks), default=server.epoch)
        ahead = server.ahead is not None
        problem = None if ahead else await self._problem_of(marks, server.epoch, newest)
        findings = (
            Finding("server", "its identifier and timeline", server.moved),
            Finding("transactions", "the newest one of the log", server.ahead),
            Finding("read models", f"{len(marks)} marks", problem),
        )
        return StoreReport(server.epoch, findings, newest, ahead)

    async def check(self, owner: asyncpg.Connection | None = None) -> StoreReport:
        """Look, and begin the next epoch if anything is wrong; return what was found.

        Args:
            owner: a connection that acts as the store's owner; without one a store that must be
                renumbered is refused.

        Raises:
            DaybookError: the store must be renumbered, and no owner is here to do it.
            UnavailableError: one of the servers does not answer.
        """
        report = await self.look()
        if report.must_be_renumbered:
            if owner is None:
                await self._epochs.check()  # which refuses it
            else:
                await renumber(owner, report.epoch, report.problems, above=report.newest_epoch)
        elif report.problems:
            await self._epochs.begin_next_epoch(
                report.epoch, "; ".join(report.problems), above=report.newest_epoch
            )
        return report

    async def run(self, stop: asyncio.Event) -> None:
        """Check again and again until `stop` is set; a server that does not answer is asked later.

        Raises:
            DaybookError: the store must be renumbered: no api may go on with it.
        """
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), CHECK_EVERY_SECONDS)
                return
            try:
                await self.check()
            except (UnavailableError, asyncpg.PostgresError) as error:
                log.warning("the store could not be checked", extra={"problem": said_of(error)})

    async def epoch(self) -> int:
        """Return the epoch that holds now."""
        return await self._epochs.current()

    async def _problem_of(
        self, marks: Sequence[asyncpg.Record], epoch: int, newest: int
    ) -> str | None:
        if newest > epoch:
            return f"a read model is in epoch {newest}, the store in {epoch}: the store went back"
        for mark in marks:
            if mark["feed_position"] > 0 and not await self._feed.has(
                mark["partition"], mark["feed_position"], mark["txid"], mark["position"]
            ):
                return (
                    f"a read model has applied event {mark['feed_position']} of partition"
                    f" {mark['partition']}, which the store does not have: the store went back"
                )
        return None
