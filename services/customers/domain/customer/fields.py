"""A customer field by field, as plain values: what answers show, histories compare, files hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.customers.domain.customer.contact_points import KINDS, points_of
from services.customers.domain.customer.state import ContactPoint, Customer, Link, Note

Fields = Mapping[str, Any]
"""The fields of a customer by name; lists hold mappings with an `id`, times are ISO 8601."""

# Compared item by item, by id: each says by itself what it was and what it is.
LISTS: Final = ("emails", "phones", "addresses", "links", "notes")


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after; of lists, one item of it."""

    field: str
    before: Any
    after: Any


def fields_of(customer: Customer) -> dict[str, Any]:
    """Return every field of a customer, in the order in which people read them."""
    return {
        "kind": customer.kind,
        "name": customer.name,
        **{its.plural: _points(customer, kind) for kind, its in KINDS.items()},
        **{its.primary: _text(getattr(customer, its.primary)) for its in KINDS.values()},
        "tags": list(customer.tags),
        "stage": customer.stage,
        "owner": _text(customer.owner),
        "custom": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in customer.custom.items()
        },
        "archived": customer.is_archived,
        "links": [_link(link) for link in customer.links],
        "notes": [_note(note) for note in customer.notes],
        "legal_hold": bool(customer.holds),
        "withdrawn": customer.is_withdrawn,
    }


def changes(before: Customer, after: Customer) -> list[Change]:
    """Return what differs, field by field; of lists item by item."""
    old, new = fields_of(before), fields_of(after)
    return [change for field in new for change in _changes(field, old[field], new[field])]


def _changes(field: str, old: Any, new: Any) -> Iterator[Change]:  # noqa: ANN401
    if old == new:
        return
    if field == "custom":
        for name in [*old, *(n for n in new if n not in old)]:
            if old.get(name) != new.get(name):
                yield Change(f"custom.{name}", old.get(name), new.get(name))
        return
    if field not in LISTS:
        yield Change(field, old, new)
        return
    was, now = ({item["id"]: item for item in items} for items in (old, new))
    for item_id in [*was, *(i for i in now if i not in was)]:
        if was.get(item_id) != now.get(item_id):
            yield Change(field, was.get(item_id), now.get(item_id))


def _points(customer: Customer, kind: type) -> list[dict[str, Any]]:
    return [_point(point) for point in points_of(customer, kind)]


def _point(point: ContactPoint) -> dict[str, Any]:
    return {"id": str(point.id)} | {
        slot: getattr(point, slot) for slot in point.__slots__ if slot != "id"
    }


def _text(value: UUID | date | None) -> str | None:
    """Return an id or a day as text; a day is ISO 8601."""
    return None if value is None else str(value)


def _link(link: Link) -> dict[str, Any]:
    return {
        "id": str(link.id),
        "organisation_id": str(link.organisation_id),
        "role": link.role,
        "since": _text(link.since),
        "until": _text(link.until),
    }


def _note(note: Note) -> dict[str, Any]:
    return {"id": str(note.id), "text": note.text}
