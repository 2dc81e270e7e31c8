"""What we pack is, byte for byte, what aiokafka's own builder makes of the same events."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging import packing
from shared.messaging.headers import HEADERS, fixed_headers
from shared.messaging.packing import HEADER_BYTES, Heads, RecordBatch, varint
from tests.ground.events import ORIGIN, an_event, write
from tests.ground.headers import headers_of
from tests.ground.notebook import Notebook

MOMENT_MS = 1_772_625_600_000
FIXED = fixed_headers("notes", 1)
HEADS = Heads(FIXED)
OPTIONAL = [header.is_optional for header in HEADERS]

texts = st.binary(max_size=300)
values = st.tuples(*(st.none() | texts if optional else texts for optional in OPTIONAL))
events = st.lists(st.tuples(texts, texts, values), min_size=1, max_size=12)

Event = tuple[bytes, bytes, Sequence[bytes | None]]


def ours(packed: Sequence[Event], first: int, *, is_compressed: bool = False) -> RecordBatch:
    """Pack events as the relay does with what the store made."""
    batch = RecordBatch(MOMENT_MS, is_compressed=is_compressed)
    for number, (key, value, own) in enumerate(packed, start=first):
        given_ = [(h.name.encode(), v) for h, v in zip(HEADERS, own, strict=True) if v is not None]
        block = b"".join(varint(len(n)) + n + varint(len(v)) + v for n, v in given_)
        optional = len(given_) - OPTIONAL.count(False)
        digits = b"%d" % number
        assert batch.add(key, value, HEADS.of(optional, len(digits)), digits, block)
    return batch


def theirs(packed: Sequence[Event], first: int, codec: int = 0) -> BatchBuilder:
    """Let aiokafka's builder pack them."""
    batch = BatchBuilder(1_000_000, codec)
    for number, (key, value, own) in enumerate(packed, start=first):
        headers = headers_of(own, number, FIXED)
        batch.append(timestamp=MOMENT_MS, key=key, value=value, headers=headers)
    return batch


def built(batch: BatchBuilder) -> bytes:
    """Return what the producer sends."""
    return bytes(batch._build())  # noqa: SLF001 - as aiokafka's producer asks it


def be_sent_by(batch: BatchBuilder, producer: int, epoch: int, sequence: int) -> None:
    """Tell the batch its producer, as the producer does."""
    batch._set_producer_state(producer, epoch, sequence)  # noqa: SLF001


def read(batch: bytes) -> list[tuple[Any, ...]]:
    """Read a batch as a consumer does, with its checksum."""
    records = MemoryRecords(batch).next_batch()
    assert records is not None
    assert records.validate_crc()
    return [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in records]


@given(packed=events, first=st.integers(1, 10**12))
def test_a_batch_is_byte_for_byte_what_the_library_makes(packed: list[Event], first: int) -> None:
    assert built(ours(packed, first)) == built(theirs(packed, first))


@given(packed=events)
def test_a_compressed_batch_is_read_as_the_same_events(packed: list[Event]) -> None:
    compressed = built(ours(packed, 1, is_compressed=True))
    assert read(compressed) == read(built(ours(packed, 1)))
    assert len(compressed) <= len(built(ours(packed, 1)))


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_batch_tells_which_producer_sends_it_and_which_are_its_numbers(
    is_compressed: bool,
) -> None:
    event: Event = (b"key", b"value" * 50, [b"v"] * len(HEADERS))
    batch, like = ours([event] * 3, 7, is_compressed=is_compressed), theirs([event] * 3, 7)
    be_sent_by(batch, 2**40, 3, 2**31 - 1)
    be_sent_by(like, 2**40, 3, 2**31 - 1)
    if is_compressed:
        assert read(built(batch)) == read(built(like))
        assert built(batch)[43:61] == built(like)[43:61]
    else:
        assert built(batch) == built(like)


def test_a_batch_that_is_sent_again_is_the_same_and_takes_nothing_more() -> None:
    batch = ours([(b"key", b"value", [b"v"] * len(HEADERS))], 1)
    assert not batch.closed()
    assert built(batch) == built(batch)
    assert batch.closed()
    assert (batch.record_count(), batch.size()) == (1, len(built(batch)))


def test_a_batch_is_full_at_its_limit_and_its_first_event_always_fits(
    monkeypatch: pytest.MonkeyPatch, dice: random.Random
) -> None:
    monkeypatch.setattr(packing, "MAX_BATCH_BYTES", 1_000)
    batch = RecordBatch(MOMENT_MS, is_compressed=False)
    assert batch.add(b"key", dice.randbytes(2_000), HEADS.of(0, 1), b"1", b"")
    assert not batch.add(b"key", b"", HEADS.of(0, 1), b"2", b"")
    assert batch.record_count() == 1
    assert batch.closed()

    small = RecordBatch(MOMENT_MS, is_compressed=False)
    while small.add(b"key", b"value", HEADS.of(0, 1), b"1", b""):
        assert small.size() <= 1_000
    assert len(built(small)) == small.size() > HEADER_BYTES


@pytest.mark.parametrize("number", [0, 1, 63, 64, 8_191, 8_192, 1_048_575, 2**31 - 1])
def test_a_varint_holds_seven_bits_a_byte_of_twice_the_number(number: int) -> None:
    written = varint(number)
    read_back = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(written))
    assert read_back == 2 * number
    assert all(byte & 0x80 for byte in written[:-1])
    assert not written[-1] & 0x80


async def test_the_store_makes_headers_of_every_length_a_text_may_have(notebook: Notebook) -> None:
    actors = [size * letter for size in (1, 63, 64, 8_191, 8_192, 100_000) for letter in "xé海"]
    for number, actor in enumerate(actors):
        asked = replace(ORIGIN, actor=actor, connection=actor)
        await write(notebook.store, f"note-{number}", 0, [an_event()], origin=asked)
    await notebook.start_relay()
    records = await notebook.records(len(actors))
    found = [dict(record.headers) for record in records]
    assert {h["ce_actor"].decode() for h in found} == set(actors)
    assert all(h["ce_actor"] == h["ce_origin"] for h in found)


async def test_an_event_without_the_optional_headers_has_none_of_them(notebook: Notebook) -> None:
    bare = replace(ORIGIN, causation_id=None, connection=None, traceparent=None)
    await write(notebook.store, "note-1", 0, [an_event()], origin=bare)
    await write(notebook.store, "note-1", 1, [an_event()], origin=replace(bare, connection="erp"))
    await notebook.start_relay()
    first, second = await notebook.records(2)
    shared = [name for name, _ in FIXED]
    usual = [h.name for h in HEADERS if not h.is_optional]
    assert [name for name, _ in first.headers] == [*shared, "ce_feedposition", *usual]
    assert [name for name, _ in second.headers][-1] == "ce_origin"
