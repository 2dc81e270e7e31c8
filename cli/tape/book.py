"""The reference reader: a table of customers that any language can keep, from events in order."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.security.jwe import SealBrokenError, from_base64url, read_sealed, unseal

Json = dict[str, Any]
GONE = frozenset({404, 410})
ERASES = "CustomerErased"
KNOWN = frozenset(
    {
        "CustomerRegistered",
        "CustomerRenamed",
        "CustomerEmailAdded",
        "CustomerEmailRemoved",
        ERASES,
    }
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, whether it came from Kafka or from the feed."""

    event_id: str
    type: str
    stream: str
    version: int
    subject: str
    data: bytes


@dataclass(slots=True)
class Row:
    """One customer as the reader knows it."""

    name: str | None = None
    emails: dict[str, str] = field(default_factory=dict)
    version: int = 0
    changes: int = 0
    erased: bool = False

    def forget(self) -> None:
        """Keep nothing that is personal, now and later."""
        self.name = None
        self.emails.clear()
        self.erased = True


class Book:
    """Customers, how many events of each type were applied, and what is parked."""

    def __init__(self, keys: Callable[[str], Json]) -> None:
        """Be empty; `keys` answers for a kid as the key API does: {"status", "body"}."""
        self.keys = keys
        self.customers: dict[str, Row] = {}
        self.events: Counter[str] = Counter()
        self.parked: list[Fact] = []

    def apply(self, fact: Fact) -> None:
        """Apply the next event; what cannot be applied is parked, with what follows it."""
        if fact.type not in KNOWN:
            return
        if fact.type == ERASES:  # Erasure overtakes parking.
            self.parked = [one for one in self.parked if one.subject != fact.subject]
        elif any(one.stream == fact.stream for one in self.parked):
            self.parked.append(fact)
            return
        try:
            members = json.loads(fact.data)
            personal = self._open(fact, members)
        except (ValueError, KeyError, SealBrokenError):
            self.parked.append(fact)
            return
        row = self.customers.setdefault(fact.subject, Row())
        if personal is None or fact.type == ERASES:
            row.forget()
        if not row.erased:
            self._change(row, fact.type, members, personal or {})
        row.version = fact.version
        row.changes += 1
        self.events[fact.type] += 1

    def _open(self, fact: Fact, members: Json) -> Json | None:
        """Return the personal fields, {} if there are none, None if their key was destroyed."""
        if "personal" not in members:
            return {}
        sealed = read_sealed(members["personal"])
        answer = self.keys(sealed.kid)
        if answer["status"] in GONE:
            return None
        cipher = AESGCM(from_base64url(answer["body"]["k"]))
        opened: Json = json.loads(unseal(sealed, UUID(fact.event_id), cipher))
        return opened

    @staticmethod
    def _change(row: Row, kind: str, members: Json, personal: Json) -> None:
        match kind:
            case "CustomerRegistered":
                row.name = personal["name"]
                row.emails = {one["id"]: one["address"] for one in personal["emails"]}
            case "CustomerRenamed":
                row.name = personal["name"]
            case "CustomerEmailAdded":
                row.emails[members["email_id"]] = personal["address"]
            case "CustomerEmailRemoved":
                row.emails.pop(members["email_id"], None)
            case _:
                pass

    def as_json(self) -> Json:
        """Return the end state, without the marks."""
        customers = {
            subject: {
                "name": row.name,
                "emails": sorted(row.emails.values()),
                "version": row.version,
                "changes": row.changes,
                "erased": row.erased,
            }
            for subject, row in sorted(self.customers.items())
        }
        return {
            "customers": customers,
            "events": dict(sorted(self.events.items())),
            "parked": sorted(fact.event_id for fact in self.parked),
        }
