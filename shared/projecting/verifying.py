"""A read model is compared with a fold of the store while both go on, and told where it differs.

Rows, marks and parked streams are read in one snapshot; the store is folded up to those marks.
Writes that go on are therefore never a difference. What differs is looked at again, because an
erasure destroys a key before its event arrives.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import asyncpg

from shared.errors import DaybookError
from shared.eventstore.codec import Ciphers, EventCodec
from shared.postgres.lanes import Lanes
from shared.projecting.applied import AppliedEvent
from shared.projecting.marks import READ, Followed, Mark
from shared.projecting.poison import is_poison
from shared.projecting.reading import read_events
from shared.projecting.store_streams import StoreStreams
from shared.projecting.verifiable import Difference, Row, Verifiable, difference
from shared.projecting.versions import enter_version

PAGE = 200
LOOKS = 3
PAUSE_BETWEEN_LOOKS_SECONDS = 0.3
# Behind every name that begins with the prefix, in the order of the "C" collation.
LAST = "\U0010ffff"
PARKED = """select stream, min(stream_version) as version from public.parked_events
    where projection = $1 and version = $2 and stream > $3 and ($4::text is null or stream <= $4)
    group by stream"""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Rows of some streams, with the marks and parked streams of the same moment."""

    rows: Mapping[str, Row]
    marks: Mapping[int, Mark]
    parked: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Page:
    """The outcome of one page: how many streams, where to go on (None: the end), what differs."""

    streams: int
    next_after: str | None
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Compared:
    """One version of a read model, and the streams of the store that it must be a fold of."""

    projection: Verifiable
    followed: Followed
    views: Lanes
    streams: StoreStreams
    codec: EventCodec
    ciphers: Ciphers


class Verifier:
    """Compares one version of a read model with the store, page by page."""

    def __init__(self, its: Compared) -> None:
        self._its = its

    async def page(self, after: str, discarded: Collection[str]) -> Page:
        """Compare the next 200 streams behind `after` ("" is the first page)."""
        prefix = self._its.projection.streams
        start = max(after, prefix)
        streams = await self._its.streams.page(start, prefix + LAST, PAGE)
        end = streams[-1] if len(streams) == PAGE else None
        found = await self._look(start, end, streams, discarded)
        for _ in range(LOOKS - 1):
            if not found:
                break
            await asyncio.sleep(PAUSE_BETWEEN_LOOKS_SECONDS)
            still = {each.stream for each in found}
            again = await self._look(start, end, streams, discarded)
            found = [each for each in again if each.stream in still]
        return Page(len(streams), end, found)

    async def _look(
        self, after: str, up_to: str | None, streams: list[str], discarded: Collection[str]
    ) -> list[Difference]:
        there = await self._snapshot(after, up_to)
        await self._refuse_another_life(there.marks)
        names = sorted({*streams, *there.rows})
        stored = await self._its.streams.events(names, there.marks)
        given = [
            event
            for name in names
            for event in stored.get(name, ())
            if event.version < there.parked.get(name, event.version + 1)
        ]
        by_stream: dict[str, list[AppliedEvent]] = {}
        for event in await read_events(given, self._its.codec, self._its.ciphers, discarded):
            by_stream.setdefault(event.received.stream, []).append(event)
        compared = [
            self._compared(name, there.rows.get(name), by_stream.get(name, [])) for name in names
        ]
        return [each for each in compared if each is not None]

    def _compared(
        self, stream: str, row: Row | None, events: list[AppliedEvent]
    ) -> Difference | None:
        for event in events:
            if event.unreadable is not None:
                return Difference(stream, "differs", ("an event that cannot be read",))
        try:
            fold = self._its.projection.fold(events) if events else None
        except Exception as error:
            if not is_poison(error):
                raise
            return Difference(stream, "differs", ("an event that cannot be applied",))
        return difference(stream, row, fold)

    async def _snapshot(self, after: str, up_to: str | None) -> _Snapshot:
        its = self._its.followed
        async with (
            self._its.views.lane() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await enter_version(connection, its.projection, its.version)
            marks = await read_marks_of(connection, its)
            parked = await connection.fetch(PARKED, its.projection, its.version, after, up_to)
            rows = await self._its.projection.rows(connection, after, up_to)
        return _Snapshot(rows, marks, {row["stream"]: row["version"] for row in parked})

    async def _refuse_another_life(self, marks: Mapping[int, Mark]) -> None:
        epoch = await self._its.streams.epoch()
        if any(mark.epoch not in {0, epoch} for mark in marks.values()):
            raise DaybookError(
                "the read model is of another life of the store (an earlier epoch)",
                code="earlier-epoch",
                fix="wait until it is built anew; `daybook projections list` shows how far it is",
            )


async def read_marks_of(connection: asyncpg.Connection, followed: Followed) -> dict[int, Mark]:
    """Return the marks of a version as they are in the running transaction."""
    rows = await connection.fetch(READ, *followed.names)
    return {row["partition"]: Mark(*row) for row in rows}
