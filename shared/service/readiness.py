"""A process is ready when its own role works, shown by work that it did a moment ago."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from shared.clock import Clock
from shared.observability.work import Work
from shared.web.health import Behind, Canary, Disk, KnownPermissions, Readiness, RelayReport

FRESH_SECONDS = 1.0


class ProcessReadiness:
    """What the roles of a process have to tell; call it for the report, a second old at most.

    Where an api serves, its own checks alone decide: requests may come although Kafka is away.
    Otherwise the work of relay and projector does.
    """

    def __init__(self, role: str, clock: Clock) -> None:
        self._role = role
        self._clock = clock
        self._asking = asyncio.Lock()
        self._last: tuple[float, Readiness] | None = None
        self.api: Callable[[], Awaitable[Mapping[str, str]]] | None = None
        self.canary: Callable[[], Awaitable[Canary]] | None = None
        self.relay: Callable[[], RelayReport] | None = None
        self.disk: Callable[[], Disk] | None = None
        self.behind: Callable[[], Sequence[Behind]] | None = None
        self.rights: Callable[[], KnownPermissions] | None = None
        self.works: list[Callable[[], Work]] = []
        self.is_started = False

    async def __call__(self) -> Readiness:
        """Return the report; whoever asks at the same moment gets the same one."""
        async with self._asking:
            if self._last is None or self._clock.monotonic() - self._last[0] > FRESH_SECONDS:
                report = await self._look()
                self._last = self._clock.monotonic(), report
            return self._last[1]

    async def _look(self) -> Readiness:
        if not self.is_started:
            return Readiness.of(self._role, {"start": "waits for what it needs; see its log"})
        work = [each() for each in self.works]
        checks = await self.api() if self.api else {each.part: each.state for each in work}
        known = self.rights() if self.rights else None
        if known is not None:
            checks = {**checks, "permissions": known.state}
        return Readiness.of(
            self._role,
            checks,
            await self.canary() if self.canary else None,
            self.relay() if self.relay else None,
            work,
            self.disk() if self.disk else None,
            self.behind() if self.behind else (),
            known,
        )
