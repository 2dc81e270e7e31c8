"""A build that fails is tried again ever later; one that always fails alike stands still."""

import asyncio
import logging
from dataclasses import dataclass
from uuid import uuid4

from shared.errors import DaybookError, NotYetError, UnavailableError
from shared.projecting.build_writing import BuildTakenError
from shared.projecting.goals import BuildStoppedError, EarlierLifeError
from shared.projecting.marks import MarkMovedError
from shared.projecting.parts import ProjectionParts
from shared.projecting.poison import Failure
from shared.projecting.rebuild import Rebuild
from shared.projecting.versions import Versions, settings_of

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
MOST_EQUAL_FAILURES = 5


@dataclass(slots=True)
class _Tries:
    """What the tries of one build in this process came to."""

    pause_seconds: float = 0.0
    events_done: int = 0
    failure: Failure | None = None
    times: int = 0

    def failed(self, failure: Failure | None) -> None:
        """Count a failure that is no server's; None for one that is."""
        self.times = self.times + 1 if failure is not None and failure == self.failure else 1
        self.failure = failure

    def got_to(self, events_done: int) -> None:
        """Begin the count anew if the build came further than before."""
        if events_done > self.events_done:
            self.events_done, self.failure, self.times = events_done, None, 0
            self.pause_seconds = 0.0

    def next_pause(self) -> float:
        """Return how long to wait before the next try: each time twice as long."""
        pause = max(self.pause_seconds * 2, FIRST_PAUSE_SECONDS)
        self.pause_seconds = min(pause, LONGEST_PAUSE_SECONDS)
        return self.pause_seconds


class Builder:
    """Builds versions of one read model in this process."""

    def __init__(self, parts: ProjectionParts, versions: Versions) -> None:
        self._parts = parts
        self._versions = versions
        self._id = uuid4()

    async def build(self, number: int, stop: asyncio.Event) -> None:
        """Build one version if nobody else does, until it answers or stands still, or `stop`.

        A server that is away is waited for without end. What cannot heal by itself, and a failure
        that comes five times alike without an event between, makes the build stand still: until
        somebody orders it again nobody builds.
        """
        tries = _Tries()
        while not stop.is_set():
            try:
                await self._try(number, stop, tries)
            except (UnavailableError, NotYetError) as error:
                tries.failed(None)
                log.warning("a build waits", extra={**self._told(number), "problem": error.detail})
                await self._wait(number, stop, tries, error.detail)
            except DaybookError as error:
                await self._stand_still(number, error)
                return
            except Exception as error:
                tries.failed(failure := Failure.of(error))
                log.exception("a build failed", extra={**self._told(number), "times": tries.times})
                if tries.times >= MOST_EQUAL_FAILURES:
                    await self._stand_still(number, _always(failure, tries.times))
                    return
                why = f"it failed with {failure.error} at {failure.place}"
                await self._wait(number, stop, tries, why)
            else:
                return

    async def _try(self, number: int, stop: asyncio.Event, tries: _Tries) -> None:
        if not await self._versions.claim(number, self._id):
            return
        its = settings_of(self._parts.followed.projection, number)
        lanes = await self._parts.open_views(its)
        rebuild = Rebuild(self._parts, number, lanes, self._id)
        try:
            await rebuild.run(stop)
        except (BuildTakenError, MarkMovedError):
            log.warning("another process builds a version", extra=self._told(number))
        except EarlierLifeError:
            log.warning("the store went back: the build begins again", extra=self._told(number))
            await self._versions.drop(number)
            await self._versions.begin("the store went back in time while it was built")
        finally:
            tries.got_to(rebuild.events_done)
            await lanes.close()

    async def _wait(self, number: int, stop: asyncio.Event, tries: _Tries, why: str) -> None:
        """Let those who wait see why nothing happens, and pause; the build stays ours meanwhile."""
        pause = tries.next_pause()
        try:
            await self._versions.note_trouble(number, self._id, why, pause)
        except UnavailableError:
            log.warning("a build's trouble cannot be noted", extra=self._told(number))
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            return

    async def _stand_still(self, number: int, error: DaybookError) -> None:
        told = {**self._told(number), "problem": error.detail, "fix": error.fix}
        log.critical("a build stands still until it is ordered again", extra=told)
        await self._versions.release(number, self._id, error.detail)

    def _told(self, number: int) -> dict[str, object]:
        return {"projection": self._parts.followed.projection, "version": number}


def _always(failure: Failure, times: int) -> BuildStoppedError:
    return BuildStoppedError(
        f"it failed {times} times with {failure.error} at {failure.place}",
        fix="`daybook logs customers` shows where; mend that and order the rebuild again",
        who_can_help="the developers of this service",
    )
