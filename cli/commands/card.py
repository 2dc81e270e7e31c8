"""A customer is shown on one card: what is known, a line each, and nothing that is not."""

from collections.abc import Iterator
from typing import Any

from cli.commands.screen import NOTHING, shown_name, shown_person
from cli.customer_answers import Customer, unmasked

PLACE = ("street", "postal_code", "city", "region", "country")
LISTS = ("emails", "phones", "addresses", "tags", "custom", "links")


def card(customer: Customer) -> list[str]:
    """Return the lines that show a customer; ids are there to be copied."""
    return [
        shown_name(customer.name, is_erased=customer.erased),
        f"  {customer.kind or NOTHING}, version {customer.version}, id {customer.id}",
        *(f"  {line}" for line in _lines(customer)),
    ]


def _lines(customer: Customer) -> Iterator[str]:
    yield from _standing(customer)
    for email in unmasked(customer.emails):
        yield f"{email.address or NOTHING}  ({_about('e-mail', email, customer.primary_email)})"
    for phone in unmasked(customer.phones):
        yield f"{phone.given or NOTHING}  ({_about('phone', phone, customer.primary_phone)})"
    for address in unmasked(customer.addresses):
        lines = [getattr(address, part) for part in PLACE]
        place = ", ".join(" ".join(line.split()) for line in lines if line)
        yield f"{place or NOTHING}  ({_about('address', address, customer.primary_address)})"
    yield from _besides(customer)


def _besides(customer: Customer) -> Iterator[str]:
    for name in LISTS:
        if isinstance(masked := getattr(customer, name), str):
            yield f"{name}: {masked}"
    if tags := unmasked(customer.tags):
        yield f"tags: {', '.join(tags)}"
    custom = {} if isinstance(customer.custom, str) else customer.custom
    for name, value in custom.items():
        yield f"{name}: {_value(value)}"
    for link in unmasked(customer.links):
        period = f", {link.since or '?'} to {link.until or 'now'}" if link.since else ""
        yield f"{link.role} of {link.organisation_id}{period}  (link {link.id})"


def _standing(customer: Customer) -> Iterator[str]:
    """Yield where the customer stands, unless it is where everybody begins."""
    standing = [
        "archived" if customer.archived is True else "",
        "under legal hold" if customer.legal_hold is True else "",
        customer.stage if customer.stage not in {None, "lead"} else "",
        f"looked after by {shown_person(customer.owner)}" if customer.owner else "",
    ]
    if any(standing):
        yield ", ".join(word for word in standing if word)


def _about(what: str, point: Any, primary: str | None) -> str:  # noqa: ANN401 - any contact point
    first = ", primary" if point.id == primary else ""
    return f"{point.type + ' ' if point.type else ''}{what} {point.id}{first}"


def _value(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)
