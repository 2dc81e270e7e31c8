"""Kafka's record batch, version 2, packed here, because the relay packs every event.

The store makes the bytes of an event's own headers, beside our work; here they are only put
together. aiokafka's builder takes each header by itself, which took a third of the relay's time
(docs/decisions/0021). The format is Kafka's (protocol guide, "Record Batch"; KIP-98): lengths are
zigzag varints, the checksum is CRC-32C, and the broker sets the offsets.
"""

from collections.abc import Iterable
from struct import Struct

from aiokafka.codec import lz4_encode
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.messaging.clients import MAX_BATCH_BYTES
from shared.messaging.headers import HEADERS, Header

# Base offset, length of what follows, leader epoch, magic, CRC; then what the CRC is of:
# attributes, last offset delta, first and last timestamp, producer id, its epoch, first sequence
# number, number of records.
_BEFORE_CRC = Struct(">qiibI")
_UNDER_CRC = Struct(">hiqqqhii")
_AFTER_LENGTH_BYTES = 9
_MAGIC = 2
_LZ4 = 3
_NO_PRODUCER = (-1, -1, 0)
HEADER_BYTES = _BEFORE_CRC.size + _UNDER_CRC.size


def varint(number: int) -> bytes:
    """Return a length as Kafka writes it: zigzag, which doubles what is not negative."""
    rest = number * 2
    written = bytearray()
    while rest > 0x7F:  # noqa: PLR2004 - seven bits a byte, the eighth says that more follow
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    written.append(rest)
    return bytes(written)


_VARINTS = [varint(number) for number in range(8_192)]


def _length(number: int) -> bytes:
    return _VARINTS[number] if number < len(_VARINTS) else varint(number)


def _begin_sql(name: str) -> str:
    """Return, as SQL, the bytes of a header up to the length of its value."""
    return f"'\\x{(varint(len(name)) + name.encode()).hex()}'::bytea"


def _length_sql(size: str) -> str:
    """Return, as SQL, the varint of a length below a mebibyte."""
    first, second = f"128 | (2 * {size} & 127)", f"128 | ({size} >> 6 & 127)"
    return f"""case when {size} < 64 then set_byte('\\x00'::bytea, 0, 2 * {size})
        when {size} < 8192 then
            set_byte(set_byte('\\x0000'::bytea, 0, {first}), 1, {size} >> 6)
        else set_byte(set_byte(set_byte('\\x000000'::bytea, 0, {first}), 1, {second}),
            2, {size} >> 13) end"""


def _header_sql(name: str, value: str, size: int | None, *, is_optional: bool) -> str:
    length = f"'\\x{varint(size).hex()}'::bytea" if size else _length_sql(f"octet_length({value})")
    made = f"{_begin_sql(name)} || {length} || textsend({value})"
    return f"coalesce({made}, ''::bytea)" if is_optional else made


OWN_HEADERS = " || ".join(
    _header_sql(h.name, h.value, h.size, is_optional=h.is_optional) for h in HEADERS
)
"""SQL: the bytes of the headers that each event has for itself, without their count."""

OPTIONAL_HEADERS = f"num_nonnulls({', '.join(h.value for h in HEADERS if h.is_optional)})"
"""SQL: how many of the headers that an event may lack it has."""

_USUAL = sum(not h.is_optional for h in HEADERS)
_FEED_POSITION = b"ce_feedposition"


class Heads:
    """What stands before an event's own headers: their count, and those that all events share."""

    def __init__(self, fixed: Iterable[Header]) -> None:
        shared = [(name.encode(), value) for name, value in fixed]
        self._shared = b"".join(
            varint(len(name)) + name + varint(len(value)) + value for name, value in shared
        )
        self._always = len(shared) + 1 + _USUAL
        self._made: dict[tuple[int, int], bytes] = {}

    def of(self, optional: int, digits: int) -> bytes:
        """Return it for so many optional headers and digits of the feed position that follows."""
        head = self._made.get((optional, digits))
        if head is None:
            count, name = varint(self._always + optional), varint(len(_FEED_POSITION))
            head = count + self._shared + name + _FEED_POSITION + varint(digits)
            self._made[optional, digits] = head
        return head


class RecordBatch(BatchBuilder):  # type: ignore[misc] # aiokafka has no types
    """One batch of events, all of one moment, as aiokafka's producer sends it."""

    def __init__(self, timestamp_ms: int, *, is_compressed: bool) -> None:
        super().__init__(MAX_BATCH_BYTES, 0)
        self._relative_offset: int = 0
        self._buffer: bytes | None = None
        self._timestamp_ms = timestamp_ms
        self._is_compressed = is_compressed
        self._producer = _NO_PRODUCER
        self._parts: list[bytes] = []
        self._bytes = HEADER_BYTES

    def add(self, key: bytes, value: bytes, head: bytes, feed_position: bytes, own: bytes) -> bool:
        """Add one event, unless the batch is full; the first always fits."""
        number = self._relative_offset
        # Attributes and time since the batch's own: there are none, and there is none.
        record = b"".join(
            (b"\0\0", _length(number), _length(len(key)), key, _length(len(value)), value,
                head, feed_position, own)
        )  # fmt: skip
        length = _length(len(record))
        size = self._bytes + len(length) + len(record)
        if size > MAX_BATCH_BYTES and number:
            self.close()
            return False
        self._parts += length, record
        self._bytes = size
        self._relative_offset = number + 1
        return True

    def size(self) -> int:
        """Return how many bytes the batch has, before it is compressed."""
        return self._bytes

    def _set_producer_state(self, producer_id: int, epoch: int, first_sequence: int) -> None:
        self._producer = producer_id, epoch, first_sequence

    def _build(self) -> bytes:
        """Return the batch; asked again when it is sent again, it returns the same."""
        self.close()
        if self._buffer is None:
            records, attributes = b"".join(self._parts), 0
            if self._is_compressed and len(packed := lz4_encode(records)) < len(records):
                records, attributes = packed, _LZ4
            under_crc = (
                _UNDER_CRC.pack(
                    attributes, self._relative_offset - 1, self._timestamp_ms, self._timestamp_ms,
                    *self._producer, self._relative_offset,
                ) + records
            )  # fmt: skip
            length, crc = len(under_crc) + _AFTER_LENGTH_BYTES, calc_crc32c(under_crc)
            self._buffer = _BEFORE_CRC.pack(0, length, -1, _MAGIC, crc) + under_crc
            self._parts = []
        return self._buffer
