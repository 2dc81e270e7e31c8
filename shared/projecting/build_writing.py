"""Only the process that holds a build's lease writes into the version that is being built."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from shared.clock import Clock
from shared.postgres.lanes import Lanes
from shared.projecting.applied import AppliedEvent, Projection
from shared.projecting.marks import Followed, Mark, move_marks
from shared.projecting.parking import Parking, tried
from shared.projecting.versions import LEASE_SECONDS

log = logging.getLogger(__name__)

# First in every transaction: it keeps the lease, tells how far we are, and shuts zombies out.
HOLD = """update projection_versions
    set lease_until = clock_timestamp() + make_interval(secs => $4),
        progress_at = clock_timestamp(), trouble = null, events_done = $5,
        events_to_do = $6, events_per_second = $7, seconds_left = $8
    where projection = $1 and version = $2 and builder = $3 and state = 'building'
    returning version"""

Moves = Sequence[tuple[Mark, Mark]]


class BuildTakenError(Exception):
    """Another process builds this version now, or it is not being built any more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is, for those who wait for it."""

    events_done: int
    events_to_do: int | None
    events_per_second: float

    @property
    def seconds_left(self) -> float | None:
        """How long it takes at this rate; None if nobody knows."""
        if self.events_to_do is None or not self.events_per_second:
            return None
        return self.events_to_do / self.events_per_second


class BuildWriter:
    """Writes what was folded into one version, each time with its marks."""

    def __init__(
        self, projection: Projection, followed: Followed, lanes: Lanes, builder: UUID, clock: Clock
    ) -> None:
        self._projection = projection
        self._followed = followed
        self._lanes = lanes
        self._builder = builder
        self._clock = clock
        self.discarded: Collection[str] = frozenset()

    async def hold(self, connection: asyncpg.Connection, progress: Progress) -> None:
        """Keep the lease until the transaction ends, and five seconds.

        Raises:
            BuildTakenError: it is not ours any more; the transaction must be rolled back.
        """
        held = await connection.fetchval(
            HOLD, self._followed.projection, self._followed.version, self._builder, LEASE_SECONDS,
            progress.events_done, progress.events_to_do, progress.events_per_second,
            progress.seconds_left,
        )  # fmt: skip
        if held is None:
            raise BuildTakenError

    async def write(self, events: Sequence[AppliedEvent], moves: Moves, progress: Progress) -> None:
        """Apply one page and move its marks, in a transaction of its own.

        Raises:
            PoisonError: an event cannot be applied; nothing of this page was.
            BuildTakenError, MarkMovedError: another process builds this version.
        """
        async with self._lanes.lane() as connection, connection.transaction():
            await self.hold(connection, progress)
            await self.apply(connection, events, moves)

    async def apply(
        self, connection: asyncpg.Connection, events: Sequence[AppliedEvent], moves: Moves
    ) -> None:
        """Do the same inside the running transaction."""
        if await tried(self._projection, connection, events) is not None:
            await self._piece_by_piece(connection, events)
        await move_marks(connection, self._followed, moves, self._clock.now())

    async def _piece_by_piece(
        self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]
    ) -> None:
        """Find the event that cannot be applied; one that only fails sometimes is no reason."""
        log.warning("a page of a rebuild failed and is applied piece by piece")
        parking = Parking(self._projection, self._followed, parks=False, discarded=self.discarded)
        await parking.open(connection)
        await parking.apply(connection, events, self._clock.now())
