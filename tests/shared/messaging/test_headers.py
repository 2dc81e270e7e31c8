"""Anybody can read our events off Kafka as CloudEvents, and we read no one else's as ours."""

from collections.abc import Callable
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord

from shared.events import Origin
from shared.eventstore.partitioning import partition_of
from shared.messaging.headers import HEADER_NAMES, fixed_headers, received
from shared.testing.clock import NOON
from tests.ground.events import ORIGIN, an_event, write
from tests.ground.headers import headers_of
from tests.ground.notebook import PARTITIONS, Notebook

SOME_VALUES = [b"id", b"Type", b"stream", b"2026-03-04T12:00:00.000000Z", b"3", b"10:20",
               b"urn:daybook:schema:Type:2", b"me", b"c", None, None, None]  # fmt: skip


def _record(headers: list[tuple[str, bytes]], key: bytes | None = b"ada") -> ConsumerRecord:
    return ConsumerRecord(
        "topic", 1, 7, 0, 0, key, b"{}", None, 0, 0, tuple(headers)
    )  # fmt: skip


def _ours() -> list[tuple[str, bytes]]:
    return headers_of(SOME_VALUES, 5, fixed_headers("notes", 1))


async def test_an_event_on_kafka_is_a_cloud_event_with_all_that_is_known_of_it(
    notebook: Notebook,
) -> None:
    event = an_event("for all", schema=3)
    await write(notebook.store, "note-ä", 0, [event], subject="ada")
    await notebook.start_relay()
    [record] = await notebook.records(1)
    [stored] = await notebook.store.load("note-ä")
    assert dict(record.headers) == {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": str(event.event_id).encode(),
        "ce_type": b"NoteWritten",
        "ce_source": b"/daybook/notes",
        "ce_subject": "note-ä".encode(),
        "ce_time": b"2026-03-04T12:00:00.000000Z",
        "ce_sequence": b"1",
        "ce_epoch": b"1",
        "ce_feedposition": b"1",
        "ce_storeposition": b"%d:%d" % (stored.txid, stored.position),
        "ce_dataschema": b"urn:daybook:schema:NoteWritten:3",
        "ce_actor": b"actor-1",
        "ce_origin": b"erp",
        "ce_correlationid": str(ORIGIN.correlation_id).encode(),
        "ce_causationid": str(ORIGIN.causation_id).encode(),
        "traceparent": str(ORIGIN.traceparent).encode(),
    }
    shared = [name for name, _ in fixed_headers("notes", 1)]
    names = [name for name, _ in record.headers]
    assert names == [*shared, "ce_feedposition", *HEADER_NAMES]
    assert record.value == event.data
    assert record.key == b"ada"
    assert record.partition == partition_of("ada", PARTITIONS)


async def test_what_is_not_known_of_an_event_has_no_header(notebook: Notebook) -> None:
    origin = Origin("actor-1", UUID(int=1))
    await notebook.store.append("note-1", "ada", 0, [an_event()], origin, NOON)
    await notebook.start_relay()
    [record] = await notebook.records(1)
    missing = {"ce_causationid", "ce_origin", "traceparent"}
    assert not missing & dict(record.headers).keys()


async def test_we_read_back_what_we_sent(notebook: Notebook) -> None:
    await write(notebook.store, "note-1", 0, [an_event(), an_event(schema=2)], subject="ada")
    await notebook.start_relay()
    _, record = await notebook.records(2)
    _, stored = await notebook.store.load("note-1")
    event = received(record)
    assert event is not None
    assert (event.source, event.epoch, event.feed_position) == ("/daybook/notes", 1, 2)
    assert (event.topic, event.partition, event.offset) == (
        notebook.topic.name,
        record.partition,
        1,
    )
    assert (event.txid, event.position) == (stored.txid, stored.position)
    assert (event.event_id, event.type) == (str(stored.event_id), "NoteWritten")
    assert (event.schema_version, event.stream, event.version) == (2, "note-1", 2)
    assert (event.subject, event.data) == ("ada", stored.data)
    assert (event.recorded_at, event.traceparent) == (stored.recorded_at, ORIGIN.traceparent)


def _without(name: str) -> Callable[[], list[tuple[str, bytes]]]:
    return lambda: [header for header in _ours() if header[0] != name]


def _with(name: str, value: bytes) -> Callable[[], list[tuple[str, bytes]]]:
    return lambda: [*_without(name)(), (name, value)]


NEEDED = ("ce_source", "ce_epoch", "ce_feedposition", "ce_storeposition", "ce_id", "ce_type",
          "ce_dataschema", "ce_subject", "ce_sequence", "ce_time")  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        list,
        *(_without(name) for name in NEEDED),
        _with("ce_epoch", b"one"),
        _with("ce_feedposition", b""),
        _with("ce_storeposition", b"10"),
        _with("ce_source", b"\xff"),
        _with("ce_dataschema", b"https://example.org/schema"),
    ],
)
def test_a_record_that_is_no_event_of_ours_is_not_taken_for_one(
    headers: Callable[[], list[tuple[str, bytes]]],
) -> None:
    assert received(_record(headers())) is None


def test_a_record_without_a_key_is_not_ours_and_with_unknown_headers_it_is() -> None:
    assert received(_record(_ours(), key=None)) is None
    event = received(_record([*_ours(), ("added-later", b"\xff")]))
    assert event is not None
    assert (event.feed_position, event.offset, event.subject) == (5, 7, "ada")
