"""Every event type has one example, the same bytes every time, that any language can check.

An example holds the record as it is on Kafka (key, headers, value) and what is sealed in it: the
plaintext, and the key that opens it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from cli.contracts.published import PublishedTopic
from cli.contracts.stories import BEGINNING, KEY, Told
from shared.events import EventToAppend, Personal
from shared.eventstore.codec import EventCodec
from shared.eventstore.partitioning import partition_of
from shared.messaging.headers import Header, fixed_headers, source_of
from shared.messaging.publishing import Derived, derived_headers
from shared.security.jwe import IV_BYTES, base64url, seal_with_iv

ABOUT = (
    "A record as it is on Kafka: key, headers, value. Open `personal` of the value with"
    " `subject_key`, and you have `plaintext`. The key is made up and published: an example,"
    " never to be used for anything."
)
EPOCH = 1
FIRST_TXID = 760
Example = dict[str, Any]


def examples_of(published: PublishedTopic) -> Iterator[tuple[str, Example]]:
    """Yield each example with its name (type and schema version), in the order of the story."""
    versions: dict[str, int] = {}
    places: dict[int, int] = {}
    for number, told in enumerate(published.story(), start=1):
        partition = told.partition
        if partition is None:
            partition = partition_of(told.subject, published.topic.partitions)
        versions[told.stream] = versions.get(told.stream, 0) + 1
        places[partition] = places.get(partition, 0) + 1
        event = _encoded(published.codec, told, number)
        name = f"{event.type}.{event.schema_version}"
        if published.is_derived:
            derived = Derived(partition, told.subject, event, _time_of(number))
            headers = _texts(derived_headers(source_of(published.service), derived))
        else:
            headers = {
                **_texts(fixed_headers(published.service, EPOCH)),
                "ce_feedposition": str(places[partition]),
                **_headers(event, told, number),
                "ce_sequence": str(versions[told.stream] if published.counts_streams else number),
            }
        yield (
            name,
            {
                "about": ABOUT,
                "topic": published.topic.name,
                "partition": partition,
                "key": told.subject,
                "headers": headers,
                "value": event.data.decode(),
                **_secrets(told),
            },
        )


def event_id_of(told: Told, number: int) -> UUID:
    """Return the id of the event that is this far into its story: always the same UUIDv7."""
    milliseconds = int(_time_of(number).timestamp() * 1000)
    noise = int.from_bytes(sha256(f"{told.stream} {number}".encode()).digest()[:10], "big")
    version_and_variant = 0x7 << 76 | 0b10 << 62
    kept = noise & ~(0xF << 76 | 0b11 << 62)
    return UUID(int=milliseconds << 80 | kept | version_and_variant)


def _encoded(codec: EventCodec, told: Told, number: int) -> EventToAppend:
    iv = sha256(f"daybook example {number}".encode()).digest()[:IV_BYTES]
    same_every_time = EventCodec(list(codec.types.values()), seal=partial(seal_with_iv, iv))
    return same_every_time.encode(told.event, event_id_of(told, number), KEY)


def _texts(headers: Iterable[Header]) -> dict[str, str]:
    return {name: value.decode() for name, value in headers}


def _headers(event: EventToAppend, told: Told, number: int) -> dict[str, str]:
    return {
        "ce_id": str(event.event_id),
        "ce_type": event.type,
        "ce_subject": told.stream,
        "ce_time": f"{_time_of(number):%Y-%m-%dT%H:%M:%S.%fZ}",
        "ce_storeposition": f"{FIRST_TXID + number}:{number}",
        "ce_dataschema": f"urn:daybook:schema:{event.type}:{event.schema_version}",
        "ce_actor": told.actor,
        "ce_correlationid": str(UUID(int=event.event_id.int ^ 0xC0)),
        "traceparent": f"00-{event.event_id.hex}-{event.event_id.hex[16:]}-01",
    }


def _secrets(told: Told) -> Example:
    personal: Personal | None = getattr(told.event, "personal", None)
    if personal is None:
        return {}
    return {
        "plaintext": personal.model_dump_json(),
        "subject_key": {
            "kty": "oct",
            "kid": KEY.kid,
            "alg": "A256GCM",
            "use": "enc",
            "k": base64url(KEY.key),
        },
    }


def _time_of(number: int) -> datetime:
    return BEGINNING + timedelta(minutes=number)
