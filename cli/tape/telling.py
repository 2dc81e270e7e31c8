"""A scene's own small store tells its events in order, as our relay and our feed would."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.eventstore.partitioning import partition_of
from shared.messaging.headers import source_of
from shared.messaging.topics import CUSTOMERS
from shared.security.jwe import base64url, key_commitment

Json = dict[str, Any]

SOURCE = source_of("customers")
ACTOR = "00000000-0000-4000-8000-000000000001"
FIRST = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
TAG_BYTES = 16


def uuid_of(*names: object) -> UUID:
    """Return the id with these names, the same in every run, in the form of version 7."""
    digest = bytearray(sha256("/".join(map(str, names)).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x70
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))


@dataclass(frozen=True, slots=True)
class Who:
    """A customer of a scene: its id, chosen to lie in a partition, and its key."""

    id: str
    kid: str
    key: bytes

    @staticmethod
    def named(name: str, partition: int) -> "Who":
        """Return the first customer of that name who lies in that partition."""
        number = 0
        while partition_of(str(found := uuid_of(name, number)), CUSTOMERS.partitions) != partition:
            number += 1
        kid = str(uuid_of("kid", found))
        return Who(str(found), kid, sha256(f"tape key of {found}".encode()).digest())

    @property
    def stream(self) -> str:
        """The stream of its events."""
        return f"customer-{self.id}"

    @property
    def partition(self) -> int:
        """The partition of everything about this customer."""
        return partition_of(self.id, CUSTOMERS.partitions)

    @property
    def jwk(self) -> Json:
        """What the key API answers as long as the customer is not erased."""
        k = base64url(self.key)
        return {"kty": "oct", "kid": self.kid, "alg": "A256GCM", "use": "enc", "k": k}

    def sealed(self, personal: Json, event_id: UUID) -> str:
        """Return the JWE of the personal fields; on the tape its random bytes are not random."""
        members = {"alg": "dir", "enc": "A256GCM", "kid": self.kid, "eid": str(event_id)}
        header = base64url(json.dumps(members, separators=(",", ":")).encode())
        iv = sha256(f"tape iv of {event_id}".encode()).digest()[:12]
        whole = AESGCM(self.key).encrypt(iv, _bytes(personal), header.encode())
        ciphertext, tag = whole[:-TAG_BYTES], whole[-TAG_BYTES:]
        return f"{header}..{base64url(iv)}.{base64url(ciphertext)}.{base64url(tag)}"


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a scene's store."""

    source: str
    epoch: int
    feed_position: int
    event_id: UUID
    type: str
    who: Who
    version: int
    at: datetime
    position: int
    data: bytes

    def record(self, **headers: str) -> Json:
        """Return the event as a line of the tape, as it lies on Kafka; `headers` come on top."""
        time = self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        whole = {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_source": self.source,
            "ce_epoch": str(self.epoch),
            "ce_feedposition": str(self.feed_position),
            "ce_id": str(self.event_id),
            "ce_type": self.type,
            "ce_subject": self.who.stream,
            "ce_time": time,
            "ce_sequence": str(self.version),
            "ce_storeposition": f"{700 + self.position}:{self.position}",
            "ce_dataschema": f"urn:daybook:schema:{self.type}:1",
            "ce_actor": ACTOR,
            "ce_correlationid": str(uuid_of("correlation", self.event_id)),
            **headers,
        }
        return line(self.who.partition, self.who.id, whole, self.data)

    def item(self) -> Json:
        """Return the event as an item of a feed page."""
        return {
            "feed_position": self.feed_position,
            "event_id": str(self.event_id),
            "type": self.type,
            "schema_version": 1,
            "stream": self.who.stream,
            "version": self.version,
            "subject": self.who.id,
            "recorded_at": self.at.isoformat(),
            "store_position": f"{700 + self.position}:{self.position}",
            "actor": ACTOR,
            "correlation_id": str(uuid_of("correlation", self.event_id)),
            "causation_id": None,
            "origin": None,
            "traceparent": None,
            "data": json.loads(self.data),
        }


def line(partition: int, key: str | None, headers: Mapping[str, str], value: bytes | None) -> Json:
    """Return one record as a line of the tape."""
    return {
        "topic": CUSTOMERS.name,
        "partition": partition,
        "key": key,
        "headers": dict(headers),
        "value": None if value is None else base64.b64encode(value).decode(),
    }


class Store:
    """What one service stored in one epoch, in order; its events are numbered per partition."""

    def __init__(self, scene: str, *, epoch: int = 1, source: str = SOURCE) -> None:
        self.epoch = epoch
        self.events: list[Told] = []
        self._scene = scene
        self._source = source

    def copy(self, *, epoch: int, until: int) -> "Store":
        """Return this store as it was after `until` events, restored under another epoch."""
        restored = Store(self._scene, epoch=epoch, source=self._source)
        for old in self.events[:until]:
            restored.tell(old.who, old.type, json.loads(old.data), event_id=old.event_id)
        return restored

    def tell(
        self,
        who: Who,
        kind: str,
        clear: Json | None = None,
        personal: Json | None = None,
        *,
        event_id: UUID | None = None,
        sealed_for: UUID | None = None,
    ) -> Told:
        """Store one more event; `sealed_for` makes its personal fields those of another event."""
        position = len(self.events) + 1
        event_id = event_id or uuid_of(self._scene, self._source, self.epoch, position)
        members = dict(clear or {})
        if personal is not None:
            members["personal"] = who.sealed(personal, sealed_for or event_id)
        told = Told(
            source=self._source,
            epoch=self.epoch,
            feed_position=1 + sum(e.who.partition == who.partition for e in self.events),
            event_id=event_id,
            type=kind,
            who=who,
            version=1 + sum(e.who == who for e in self.events),
            at=FIRST + timedelta(seconds=position),
            position=position,
            data=_bytes(members),
        )
        self.events.append(told)
        return told

    def register(self, who: Who, name: str, *addresses: str, **unknown: object) -> Told:
        """Register a person; `unknown` members are there and mean nothing to our readers."""
        emails = [{"id": email_id(who, a), "address": a} for a in addresses]
        clear = {"kind": "person", "key_commitment": key_commitment(who.key), **unknown}
        return self.tell(who, "CustomerRegistered", clear, {"name": name, "emails": emails})

    def rename(self, who: Who, name: str) -> Told:
        """Give a customer another name."""
        return self.tell(who, "CustomerRenamed", {}, {"name": name})

    def add_email(self, who: Who, address: str) -> Told:
        """Add an address."""
        clear = {"email_id": email_id(who, address)}
        return self.tell(who, "CustomerEmailAdded", clear, {"address": address})

    def remove_email(self, who: Who, address: str) -> Told:
        """Take an address away."""
        return self.tell(who, "CustomerEmailRemoved", {"email_id": email_id(who, address)})

    def erase(self, who: Who) -> Told:
        """Erase a customer; its key is gone."""
        return self.tell(who, "CustomerErased", {"kid": who.kid})

    def records(self) -> list[Json]:
        """Return every event as a record, in the order in which they were told."""
        return [told.record() for told in self.events]

    def pages(self) -> list[Json]:
        """Return what `GET /v1/feed` answers, from 1, for every partition that has events."""
        partitions = sorted({told.who.partition for told in self.events})
        return [self._page(partition) for partition in partitions]

    def _page(self, partition: int) -> Json:
        items = [told.item() for told in self.events if told.who.partition == partition]
        return {
            "topic": CUSTOMERS.name,
            "partition": partition,
            "epoch": self.epoch,
            "items": items,
            "next_from": len(items) + 1,
        }


def email_id(who: Who, address: str) -> str:
    """Return the id of a customer's address."""
    return str(uuid_of(who.id, address))


def _bytes(members: Json) -> bytes:
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
