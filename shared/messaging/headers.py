"""An event on Kafka: CloudEvents 1.0 in binary mode, the value the stored bytes, untouched.

The SQL makes the header values as bytes, because making them in Python costs more than sending
them; only the feed position is written here. Times are RFC 3339 in UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from aiokafka import ConsumerRecord

Header = tuple[str, bytes]

# The order of these is the order of HEADER_NAMES.
HEADER_COLUMNS = """e.event_id::text::bytea, convert_to(e.type, 'UTF8'),
    convert_to(e.stream, 'UTF8'),
    to_char(e.recorded_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')::bytea,
    e.version::text::bytea, (e.txid::text || ':' || e.position::text)::bytea,
    convert_to('urn:daybook:schema:' || e.type || ':' || e.schema_version::text, 'UTF8'),
    convert_to(e.actor, 'UTF8'), e.correlation_id::text::bytea,
    e.causation_id::text::bytea, convert_to(e.connection, 'UTF8'),
    convert_to(e.traceparent, 'UTF8')"""
HEADER_NAMES = (
    "ce_id",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_sequence",
    "ce_storeposition",
    "ce_dataschema",
    "ce_actor",
    "ce_correlationid",
    "ce_causationid",
    "ce_origin",
    "traceparent",
)
USUAL_NAMES = HEADER_NAMES[:9]


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


def headers_of(
    values: Sequence[bytes | None], feed_position: int, fixed: list[Header]
) -> list[Header]:
    """Return all headers of one event; `values` are its HEADER_COLUMNS."""
    headers = [*fixed, ("ce_feedposition", b"%d" % feed_position)]
    if values[9] is None is values[10]:
        # Nearly every event: caused by no other, by way of no connection.
        headers += cast("Iterable[Header]", zip(USUAL_NAMES, values, strict=False))
        if (traceparent := values[11]) is not None:
            headers.append(("traceparent", traceparent))
    elif None in values:
        headers += [(n, v) for n, v in zip(HEADER_NAMES, values, strict=True) if v is not None]
    else:
        headers += cast("Iterable[Header]", zip(HEADER_NAMES, values, strict=True))
    return headers


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
        )
    except (KeyError, ValueError, AttributeError):
        return None
