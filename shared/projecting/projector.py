"""Every version of a read model is kept by somebody: followed, built, handed over, and removed."""

import asyncio
import logging
from dataclasses import dataclass, replace

import asyncpg

from shared.errors import NotYetError, UnavailableError
from shared.observability.failures import said_of
from shared.observability.work import Work
from shared.postgres.lanes import Lanes
from shared.projecting.building import Builder
from shared.projecting.parts import ProjectionParts
from shared.projecting.runner import ProjectionRunner
from shared.projecting.versions import Version, Versions, settings_of

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.5
END_WITHIN_SECONDS = 5.0
SWEEP_EVERY_SECONDS = 3600.0
# What is dropped already goes sooner, unless somebody reads it.
SWEEP_SECONDS = 5.0
FOLLOWING = {"current", "previous"}


@dataclass(slots=True)
class _Kept:
    """What runs for one version in this process."""

    state: str
    task: asyncio.Task[None]
    stop: asyncio.Event
    runner: ProjectionRunner | None = None

    def may_be(self, state: str) -> bool:
        """Whether what runs is right for a version in this state."""
        return self.state == state or {self.state, state} <= FOLLOWING


class Projector:
    """Keeps all versions of one read model; several processes may do so at once.

    The marks let one of them win each batch, the lease lets one of them build.
    """

    def __init__(self, parts: ProjectionParts) -> None:
        self._parts = parts
        self._followed = parts.followed
        self.versions = Versions(parts.views, parts.followed.projection)
        self._kept: dict[int, _Kept] = {}
        self._look = asyncio.Event()
        self._builder = Builder(parts, self.versions)
        self._swept = 0.0

    @property
    def parts(self) -> ProjectionParts:
        """What every version of it is made with."""
        return self._parts

    async def drop(self, number: int) -> None:
        """Remove a version and all its data; what runs for it here ends first.

        Raises:
            RuleBrokenError: it is the one that answers, or there is none of that number.
        """
        kept = self._kept.get(number)
        if kept is not None and kept.state != "current":
            await self._end([number])
        await self.versions.drop(number)

    @property
    def runner(self) -> ProjectionRunner | None:
        """The runner of the version that answers; None before the first look."""
        its = [kept.runner for kept in self._kept.values() if kept.state == "current"]
        return its[0] if its else None

    def work(self) -> Work:
        """Return what the runner of the version that answers did last."""
        part = f"projector {self._followed.projection}"
        runner = self.runner
        return Work(part, None, None, "has done nothing yet") if runner is None else runner.work()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the versions until `stop` is set; failures are logged and tried again."""
        try:
            while not stop.is_set():
                try:
                    await self._look_around()
                except (UnavailableError, asyncpg.PostgresError) as error:
                    log.warning("versions cannot be looked at", extra={"problem": said_of(error)})
                await self._pause(stop)
        finally:
            await self._end(list(self._kept))

    async def _pause(self, stop: asyncio.Event) -> None:
        """Wait for half a second, for the end, or for something to happen here."""
        waiting = [asyncio.create_task(event.wait()) for event in (stop, self._look)]
        try:
            await asyncio.wait(
                waiting, timeout=LOOK_EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        self._look.clear()

    async def _look_around(self) -> None:
        """Start what is there and not kept, end what is kept and not there, remove the rest."""
        versions = await self.versions.read()
        found = {
            v.number: v for v in versions if v.state != "dropped" and v.shape == self._parts.shape
        }
        for version in found.values():
            kept = self._kept.get(version.number)
            if kept is not None and (kept.task.done() or not kept.may_be(version.state)):
                await self._end([version.number])
            self._keep(version)
        await self._end([number for number in self._kept if number not in found])
        now = self._parts.clock.monotonic()
        wait = SWEEP_SECONDS if any(v.state == "dropped" for v in versions) else SWEEP_EVERY_SECONDS
        if now - self._swept > wait:
            self._swept = now
            await self._sweep()

    async def _sweep(self) -> None:
        try:
            for number in await self.versions.sweep(self._parts.clock.now()):
                log.info("a version was removed", extra=self._told(number))
        except NotYetError as error:
            log.warning("a version is removed later", extra={"problem": error.detail})

    def _keep(self, version: Version) -> None:
        kept = self._kept.get(version.number)
        if kept is not None:
            kept.state = version.state
            return
        if version.state == "building" and version.problem is not None:
            return
        stop = asyncio.Event()
        work = self._build if version.state == "building" else self._follow
        task = asyncio.create_task(work(version.number, stop))
        self._kept[version.number] = _Kept(version.state, task, stop)

    async def _end(self, numbers: list[int]) -> None:
        """End what runs for these versions, if need be by force."""
        ending = [kept for n in numbers if (kept := self._kept.pop(n, None)) is not None]
        for kept in ending:
            kept.stop.set()
        tasks = [kept.task for kept in ending]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=END_WITHIN_SECONDS)
            for task in late:
                task.cancel()
            for failure in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(failure, Exception):
                    log.error("a version was not kept", exc_info=failure)

    async def _follow(self, number: int, stop: asyncio.Event) -> None:
        """Feed one version from Kafka."""
        parts, lanes = self._parts, await self._open(number)
        try:
            runner = ProjectionRunner(
                parts.projection, replace(self._followed, version=number), lanes, parts.codec,
                parts.ciphers, parts.kafka, parts.clock, parts.tracing, parts.metrics,
                feed=parts.feed, on_new_epoch=lambda epoch: self._start_over(number, epoch),
            )  # fmt: skip
            self._kept[number].runner = runner
            await runner.run(stop)
        finally:
            await lanes.close()

    async def _start_over(self, number: int, epoch: int) -> None:
        """Begin a new version because this one is of a former life of the store."""
        begun = await self.versions.begin_beside(number, f"the store is in epoch {epoch}")
        if begun is not None:
            log.critical("a version is built for the new epoch", extra=self._told(begun))
            self._look.set()

    async def _build(self, number: int, stop: asyncio.Event) -> None:
        """Build one version, and look at once what came of it."""
        try:
            await self._builder.build(number, stop)
        finally:
            self._look.set()

    async def _open(self, number: int) -> Lanes:
        return await self._parts.open_views(settings_of(self._followed.projection, number))

    def _told(self, number: int) -> dict[str, object]:
        return {"projection": self._followed.projection, "version": number}
