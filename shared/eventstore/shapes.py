"""A process knows in which shapes events are stored without reading them, however many there are.

A shape is a (type, schema version). It is put down, and committed, before the first event of it is
appended; so whoever reads the list after an event was committed finds the event's shape in it.
"""

from collections.abc import Iterable, Sequence

from shared.errors import DaybookError
from shared.events import EventToAppend
from shared.eventstore.codec import EventCodec
from shared.postgres.lanes import Lanes

Shape = tuple[str, int]
READ = "select type, schema_version from event_shapes"
ADD = """insert into event_shapes (type, schema_version)
    select * from unnest($1::text[], $2::smallint[]) on conflict do nothing"""


class StoredShapes:
    """The shapes of the events of one store, and which of them this process put down."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._put_down: set[Shape] = set()
        self.epoch: int | None = None

    def lack(self, events: Sequence[EventToAppend]) -> bool:
        """Say whether one of these events is the first of its shape for this process."""
        # One look into a set per event; a first shape comes a few times in a process's life.
        return any((event.type, event.schema_version) not in self._put_down for event in events)

    async def put_down(self, events: Sequence[EventToAppend]) -> None:
        """Make the shapes of these events durable; call it before they are appended.

        Raises:
            UnavailableError: the store does not answer.
        """
        shapes = {(event.type, event.schema_version) for event in events}
        await self._add(shapes)
        self._put_down |= shapes

    async def stay_in(self, epoch: int) -> None:
        """Hear of another epoch than `epoch`: a store that was restored may lack the shapes."""
        if self.epoch is not None:
            await self._add(self._put_down)
        self.epoch = epoch

    async def refuse_unreadable(self, codec: EventCodec) -> None:
        """Check that every shape that was ever stored reads as today's.

        Raises:
            DaybookError: the store was written by a newer release, or an upcaster is missing.
        """
        rows = await self._lanes.fetch(READ)
        unreadable = codec.unreachable((row["type"], row["schema_version"]) for row in rows)
        if unreadable:
            listed = ", ".join(f"{name} {version}" for name, version in sorted(unreadable))
            raise DaybookError(
                f"the store holds events that this release cannot read: {listed}",
                code="events-unreadable",
                fix="start the release that wrote them, or a newer one",
                who_can_help="the developers of this service",
            )

    async def _add(self, shapes: Iterable[Shape]) -> None:
        # Sorted, so that two who put down the same ones never wait for each other in a circle.
        ordered = sorted(shapes)
        await self._lanes.execute(ADD, [s[0] for s in ordered], [s[1] for s in ordered])
