"""The single place where events become bytes and stored bytes become events again.

Old shapes are upcast here. Personal fields are sealed here, as one JWE in the member `personal`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.events import Event, EventToAppend, Personal
from shared.security.jwe import Sealed, read_sealed, seal, unseal
from shared.security.subject_keys import SubjectKey

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
Seal = Callable[[bytes, str, UUID, AESGCM], str]


class Ciphers(Protocol):
    """Where the ciphers of subjects come from."""

    async def read(self, kids: Iterable[str]) -> Mapping[str, AESGCM | None]:
        """Return a cipher per reference; None where the key was destroyed."""
        ...


class NothingSealed:
    """The ciphers of events of which none has personal fields."""

    async def read(self, kids: Iterable[str]) -> Mapping[str, AESGCM | None]:
        """Return nothing, because nothing is asked for."""
        return dict.fromkeys(kids)


class StoredEvent(Protocol):
    """What the codec needs of a stored event, whether it comes from the store or from Kafka."""

    @property
    def event_id(self) -> UUID | str:
        """The event's id."""
        ...

    @property
    def type(self) -> str:
        """The event's name."""
        ...

    @property
    def schema_version(self) -> int:
        """The version of its shape."""
        ...

    @property
    def data(self) -> bytes:
        """Its stored bytes."""
        ...


class EventCodec:
    """Encodes and decodes the events of one service."""

    def __init__(
        self,
        events: Sequence[type[Event]],
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
        *,
        seal: Seal = seal,
    ) -> None:
        """Know the event classes, and for each (type, old version) the way to the next version.

        An upcaster gets all members of the old shape, `personal` opened, or without `personal`
        once the subject's key is destroyed.
        """
        self._classes = {event.__name__: event for event in events}
        self._upcasters = dict(upcasters or {})
        self._seal = seal

    @property
    def types(self) -> Mapping[str, type[Event]]:
        """The event classes by name."""
        return self._classes

    def encode(self, event: Event, event_id: UUID, key: SubjectKey | None = None) -> EventToAppend:
        """Return the event as the bytes that will be stored, sent and served.

        Raises:
            ValueError: it has personal fields and no key came with it.
        """
        data = event.model_dump_json(exclude={"personal"}, exclude_none=True).encode()
        personal: Personal | None = getattr(event, "personal", None)
        if personal is not None:
            if key is None:
                raise ValueError(f"a {type(event).__name__} has personal fields and needs a key")
            jwe = self._seal(personal.model_dump_json().encode(), key.kid, event_id, key.cipher)
            comma = b"" if data == b"{}" else b","
            data = data[:-1] + comma + b'"personal":"' + jwe.encode() + b'"}'
        return EventToAppend(event_id, type(event).__name__, event.schema_version, data)

    async def decode(self, stored: Sequence[StoredEvent], ciphers: Ciphers) -> list[Event | None]:
        """Return the events, personal fields opened; None in place of an unknown type.

        Where a subject's key was destroyed, `personal` is None.

        Raises:
            SealBrokenError: personal fields were altered or moved from another event.
            UnavailableError: the key database does not answer.
        """
        members = [self._members(event) for event in stored]
        sealed = [
            read_sealed(m.pop("personal")) if m is not None and "personal" in m else None
            for m in members
        ]
        known = await ciphers.read(s.kid for s in sealed if s is not None)
        return [
            None if m is None else self._event(event, m, s, None if s is None else known[s.kid])
            for event, m, s in zip(stored, members, sealed, strict=True)
        ]

    def plain(self, stored: StoredEvent) -> Event | None:
        """Return an event whose type has nothing personal; None of an unknown type."""
        members = self._members(stored)
        return None if members is None else self._event(stored, members, None, None)

    def subject_of(self, stored: StoredEvent) -> str | None:
        """Return the subject reference that sealed this event, or None if nothing is personal."""
        jwe = orjson.loads(stored.data).get("personal")
        return None if jwe is None else read_sealed(jwe).kid

    def unreachable(self, stored: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
        """Return the stored (type, schema version) pairs that upcasting does not make current."""
        return [pair for pair in stored if not self._reaches_current(*pair)]

    def _reaches_current(self, name: str, version: int) -> bool:
        event = self._classes.get(name)
        if event is None or version > event.schema_version:
            return False
        return all((name, v) in self._upcasters for v in range(version, event.schema_version))

    def _members(self, stored: StoredEvent) -> dict[str, Any] | None:
        if stored.type not in self._classes:
            return None
        members: dict[str, Any] = orjson.loads(stored.data)
        return members

    def _event(
        self,
        stored: StoredEvent,
        members: dict[str, Any],
        sealed: Sealed | None,
        cipher: AESGCM | None,
    ) -> Event:
        if sealed is not None and cipher is not None:
            members["personal"] = orjson.loads(unseal(sealed, stored.event_id, cipher))
        event = self._classes[stored.type]
        for version in range(stored.schema_version, event.schema_version):
            members = self._upcasters[stored.type, version](members)
        return event.model_validate(members)
