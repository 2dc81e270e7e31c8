"""One event is the same, whether it came from Kafka or from Daybook's feed."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Event:
    """An event and its place: (epoch, feed_position) counts per source and partition."""

    source: str
    partition: int
    epoch: int
    feed_position: int
    id: str
    type: str
    stream: str
    version: int
    subject: str
    time: str
    value: bytes
    offset: int | None = None


class Verdict(Enum):
    """What to do with an event that came."""

    DROP = "drop"
    APPLY = "apply"
    GAP = "gap"
    NEW_EPOCH = "new epoch"


def judge(epoch: int, mark: int, event: Event) -> Verdict:
    """Say what to do with an event, by a reader whose mark in its partition is (epoch, mark)."""
    if event.epoch < epoch:
        return Verdict.DROP
    if event.epoch > epoch > 0:
        return Verdict.NEW_EPOCH
    if event.feed_position <= mark:
        return Verdict.DROP
    return Verdict.APPLY if event.feed_position == mark + 1 else Verdict.GAP


def from_record(
    partition: int,
    offset: int,
    key: bytes | None,
    headers: list[tuple[str, bytes]] | None,
    value: bytes | None,
) -> Event | None:
    """Read a record; None if nobody's event (no headers of ours)."""
    ce = dict(headers or [])
    if key is None or value is None:
        return None
    try:
        return Event(
            source=ce["ce_source"].decode(),
            partition=partition,
            epoch=int(ce["ce_epoch"]),
            feed_position=int(ce["ce_feedposition"]),
            id=ce["ce_id"].decode(),
            type=ce["ce_type"].decode(),
            stream=ce["ce_subject"].decode(),
            version=int(ce["ce_sequence"]),
            subject=key.decode(),
            time=ce["ce_time"].decode(),
            value=value,
            offset=offset,
        )
    except (KeyError, ValueError):
        return None


def from_feed(source: str, page: dict[str, Any], item: dict[str, Any]) -> Event:
    """Read an item of a page of `GET /v1/feed`."""
    return Event(
        source=source,
        partition=page["partition"],
        epoch=page["epoch"],
        feed_position=item["feed_position"],
        id=item["event_id"],
        type=item["type"],
        stream=item["stream"],
        version=item["version"],
        subject=item["subject"],
        time=item["recorded_at"],
        value=json.dumps(item["data"]).encode(),
    )
