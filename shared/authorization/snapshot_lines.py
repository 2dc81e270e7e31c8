"""A snapshot travels as two lines: where it stands, then the world.

The first is {"epoch", "feed_position", "txid", "position", "kafka_offset"} as JSON; the second is
what `shared.authorization.snapshot` writes. Of a hundred thousand grants both ways take long, and a
world never changes: do them in a thread, so that others are answered meanwhile.
"""

from datetime import datetime
from typing import Final

import orjson

from shared.authorization.replica import Snapshot
from shared.authorization.snapshot import UnreadableSnapshotError, from_bytes, to_bytes

MEDIA_TYPE: Final = "application/x-ndjson"


def lines_of(snapshot: Snapshot) -> bytes:
    """Return the two lines."""
    txid, position = snapshot.place
    place = {
        "epoch": snapshot.epoch,
        "feed_position": snapshot.world.position,
        "txid": txid,
        "position": position,
        "kafka_offset": snapshot.kafka_offset,
    }
    return orjson.dumps(place) + b"\n" + to_bytes(snapshot.world)


def snapshot_of(lines: bytes, as_of: datetime | None = None) -> Snapshot:
    """Return the snapshot that was written; `as_of` is when it was all there was, if known.

    Raises:
        UnreadableSnapshotError: these are no such lines, or of another format.
    """
    first, _, second = lines.partition(b"\n")
    try:
        place = orjson.loads(first)
        offset = place["kafka_offset"]
        at = int(place["txid"]), int(place["position"])
        epoch, number = int(place["epoch"]), int(place["feed_position"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableSnapshotError("this is no snapshot of permissions") from error
    world = from_bytes(second)
    if world.position != number:
        raise UnreadableSnapshotError("the world stands elsewhere than its first line says")
    return Snapshot(epoch, world, at, offset, as_of)
