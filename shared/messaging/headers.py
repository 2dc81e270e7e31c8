"""An event on Kafka: CloudEvents 1.0 in binary mode, the value the stored bytes, untouched.

The store makes the header values, because making them in Python costs more than sending them;
only the feed position is written here. Times are RFC 3339 in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime

from aiokafka import ConsumerRecord

Header = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class OwnHeader:
    """A header that each event has for itself: SQL for its text, and its bytes if always as many.

    An event lacks it where the text of an optional one is null.
    """

    name: str
    value: str
    size: int | None = None
    is_optional: bool = False


UUID_BYTES = 36
TIME = """to_char(e.recorded_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
TIME_BYTES = 27

HEADERS = (
    OwnHeader("ce_id", "e.event_id::text", UUID_BYTES),
    OwnHeader("ce_type", "e.type"),
    OwnHeader("ce_subject", "e.stream"),
    OwnHeader("ce_time", TIME, TIME_BYTES),
    OwnHeader("ce_sequence", "e.version::text"),
    OwnHeader("ce_storeposition", "(e.txid::text || ':' || e.position::text)"),
    OwnHeader(
        "ce_dataschema", "('urn:daybook:schema:' || e.type || ':' || e.schema_version::text)"
    ),
    OwnHeader("ce_actor", "e.actor"),
    OwnHeader("ce_correlationid", "e.correlation_id::text", UUID_BYTES),
    OwnHeader("ce_causationid", "e.causation_id::text", UUID_BYTES, is_optional=True),
    OwnHeader("ce_origin", "e.connection", is_optional=True),
    OwnHeader("traceparent", "e.traceparent", is_optional=True),
)
HEADER_NAMES = tuple(header.name for header in HEADERS)


def source_of(service: str) -> str:
    """Return the CloudEvents source of a service."""
    return f"/daybook/{service}"


def fixed_headers(service: str, epoch: int) -> list[Header]:
    """Return the headers that all events of a service's epoch share."""
    return [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_source", source_of(service).encode()),
        ("ce_epoch", b"%d" % epoch),
    ]


@dataclass(slots=True)  # not frozen: that doubles what making one costs, and each event makes one
class ReceivedEvent:
    """One event as it came from Kafka."""

    source: str
    epoch: int
    topic: str
    partition: int
    offset: int
    feed_position: int
    txid: int
    position: int
    event_id: str
    type: str
    schema_version: int
    stream: str
    version: int
    subject: str
    time: str
    traceparent: str | None
    data: bytes
    actor: str = field(default="", compare=False)
    """Who did it; only of an event that comes from Kafka itself."""

    @property
    def recorded_at(self) -> datetime:
        """When the event was recorded, aware, in UTC."""
        return datetime.fromisoformat(self.time)


def received(record: ConsumerRecord) -> ReceivedEvent | None:
    """Read a record; None if it is not an event of ours (no headers of ours)."""
    headers = dict(record.headers)
    try:
        txid, _, position = headers["ce_storeposition"].partition(b":")
        traceparent = headers.get("traceparent")
        return ReceivedEvent(
            headers["ce_source"].decode(),
            int(headers["ce_epoch"]),
            record.topic,
            record.partition,
            record.offset,
            int(headers["ce_feedposition"]),
            int(txid),
            int(position),
            headers["ce_id"].decode(),
            headers["ce_type"].decode(),
            int(headers["ce_dataschema"].rpartition(b":")[2]),
            headers["ce_subject"].decode(),
            int(headers["ce_sequence"]),
            record.key.decode(),
            headers["ce_time"].decode(),
            None if traceparent is None else traceparent.decode(),
            record.value,
            headers.get("ce_actor", b"").decode(),
        )
    except (KeyError, ValueError, AttributeError):
        return None
