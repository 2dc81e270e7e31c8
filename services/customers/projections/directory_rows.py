"""A customer is one row of the directory, of which the next event can be folded, and its text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter

from services.customers.domain.customer.state import NOBODY, Customer
from services.customers.projections.searchable import searchable
from services.customers.projections.spelling import spelled
from services.customers.projections.wanted import facet
from shared.projecting.verifiable import Row

# These have columns of their own, or are always nothing in a row.
_APART = {"kind", "name", "is_erased", "erasure", "is_withdrawn", "notes"}
_KEPT = tuple(field.name for field in fields(Customer) if field.name not in _APART)
_CUSTOMER = TypeAdapter(Customer)


@dataclass(slots=True)
class Entry:
    """One customer while a batch is folded."""

    customer: Customer
    version: int
    registered_at: datetime
    changed_at: datetime
    has_new_text: bool = False

    @property
    def is_in_lists(self) -> bool:
        """Whether it has a row: of one whose registration was discarded nothing is known."""
        return self.customer.kind is not None and not self.customer.is_withdrawn


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Return the customer of a row, ready to be folded on; its notes are not kept."""
    given = orjson.loads(row["details"])
    given |= {"kind": row["kind"], "name": row["name"], "is_erased": row["is_erased"]}
    customer = _CUSTOMER.validate_python(given)
    return Entry(customer, row["version"], row["registered_at"], row["registered_at"])


def row_of(customer_id: str, entry: Entry) -> Row:
    """Return the row of a customer."""
    customer = entry.customer
    return {
        "id": customer_id,
        "kind": customer.kind,
        "name": customer.name,
        "stage": None if customer.is_erased else customer.stage,
        "owner": None if customer.owner is None else str(customer.owner),
        "country": country_of(customer),
        "facets": sorted(_facets(customer)),
        "is_archived": customer.is_archived,
        "is_erased": customer.is_erased,
        "version": entry.version,
        "registered_at": entry.registered_at,
        "changed_at": entry.changed_at,
        "sort_name": spelled(customer.name or ""),
        "details": details_of(customer),
    }


def text_of(customer_id: str, customer: Customer) -> Row:
    """Return what a customer can be searched by."""
    if customer.is_erased or customer.name is None:
        return {"id": customer_id, "search": None, "keys": None}
    found = searchable(
        customer.name,
        (email.address for email in customer.emails),
        (phone.number.partition(";")[0] for phone in customer.phones),
        (
            " ".join(filter(None, (a.street, a.postal_code, a.city, a.region)))
            for a in customer.addresses
        ),
    )
    return {"id": customer_id, "search": found.text, "keys": list(found.keys)}


def has_same_text(before: Customer, after: Customer) -> bool:
    """Say whether nothing changed that can be searched; an event leaves the rest as it was."""
    return (
        before.name is after.name
        and before.emails is after.emails
        and before.phones is after.phones
        and before.addresses is after.addresses
    )


def details_of(customer: Customer) -> dict[str, Any]:
    """Return everything that has no column and is not as it is of nobody."""
    return {
        name: dict(value) if name == "custom" else value
        for name in _KEPT
        if (value := getattr(customer, name)) and value != getattr(NOBODY, name)
    }


def country_of(customer: Customer) -> str | None:
    """Return the country of the primary address: the chosen one, else the first."""
    chosen = [a for a in customer.addresses if a.id == customer.primary_address]
    return next((a.country for a in (*chosen, *customer.addresses)), None)


def _facets(customer: Customer) -> Iterator[str]:
    yield facet("kind", customer.kind)
    if customer.is_erased:
        return
    yield facet("stage", customer.stage)
    if customer.owner is not None:
        yield facet("owner", customer.owner)
    if (country := country_of(customer)) is not None:
        yield facet("country", country)
    for tag in customer.tags:
        yield facet("tag", tag)
    for organisation_id in {link.organisation_id for link in customer.links}:
        yield facet("organisation", organisation_id)
    for name, value in customer.custom.items():
        for one in value if isinstance(value, tuple) else (value,):
            yield facet(f"custom.{name}", one)
