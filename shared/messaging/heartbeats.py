"""A beat says: whatever was committed before this moment has a number up to this one.

The relay takes the time T0, then X0 = pg_snapshot_xmax; once pg_snapshot_xmin has reached X0 and
all before X0 is acknowledged by Kafka, N is the number (feed position) that it has reached. On
daybook.heartbeats.v1 as JSON: {"source", "epoch", "at" (RFC 3339), "reached"}.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from shared.events import Event
from shared.eventstore.codec import EventCodec

BEAT_SECONDS: Final = 0.25
"""How often there is one."""


class RelayBeat(Event):
    """Whatever was committed at the service before this moment lies on Kafka, up to this position.

    A reader of the service's topic whose mark (feed position, same epoch) is `reached` or more
    knows everything that was so at `at`: its copy is as old as that, by its own clock, and grows
    older until the next one counts. There is one about every 250 ms; a transaction that stays open,
    a relay that hangs and a Kafka that acknowledges nothing hold it back. It has no feed position
    of its own and stands in no store: what is lost is not sent again. A beat of another epoch
    counts only after a new snapshot; one from the future (more than 250 ms) is a clock that is
    wrong, and counts for nothing.
    """

    source: str
    """The service that it speaks for, as in the header ce_source of its events."""
    epoch: int
    """The epoch of its store; after a restore there is a new one, and positions begin anew."""
    at: datetime
    """T0: the time by the relay's clock, taken before it looked what is committed."""
    reached: int
    """N: the feed position up to which Kafka has acknowledged everything committed before T0."""


HEARTBEATS_CODEC: Final = EventCodec([RelayBeat])


@dataclass(frozen=True, slots=True)
class Beat:
    """What was committed by `source` before `at` has feed positions up to `reached`."""

    source: str
    epoch: int
    at: datetime
    reached: int

    def to_bytes(self) -> bytes:
        """Return the beat as its record's value."""
        return orjson.dumps(
            {
                "source": self.source,
                "epoch": self.epoch,
                "at": self.at.isoformat(),
                "reached": self.reached,
            }
        )


def beat_of(value: bytes | None) -> Beat | None:
    """Return the beat in a record's value; None if it is none that can be read."""
    try:
        said = orjson.loads(value or b"")
        at = datetime.fromisoformat(said["at"])
        if at.tzinfo is None:
            return None
        return Beat(str(said["source"]), int(said["epoch"]), at, int(said["reached"]))
    except (ValueError, KeyError, TypeError):
        return None
