"""A beat says: whatever was committed before this moment has a number up to this one.

The relay takes the time T0, then X0 = pg_snapshot_xmax; once pg_snapshot_xmin has reached X0 and
all before X0 is acknowledged by Kafka, N is the number (feed position) that it has reached. On
daybook.heartbeats.v1 as JSON: {"source", "epoch", "at" (RFC 3339), "reached"}.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

BEAT_SECONDS: Final = 0.25
"""How often there is one."""


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
