"""What the service says about customers, as far as our commands read it."""

from datetime import datetime
from typing import TypeVar

from pydantic import Field

from cli.answers import Answer, Dated

T = TypeVar("T")


class Email(Answer):
    """One address of a customer; the id names it when it is to be removed."""

    id: str
    address: str | None = None
    type: str | None = None


class Phone(Answer):
    """One phone number of a customer, as it was given."""

    id: str
    given: str | None = None
    type: str | None = None


class Address(Answer):
    """One postal address of a customer."""

    id: str
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    type: str | None = None


class Link(Answer):
    """What a person is in an organisation, and when."""

    id: str
    organisation_id: str
    role: str
    since: str | None = None
    until: str | None = None


class Match(Answer):
    """Why a customer was found: in which field, and how the text stands there."""

    field: str
    how: str


class Customer(Answer):
    """One customer at one version; an erased one has no name any more.

    A text where something else should stand is the mask of what you may not see.
    """

    id: str
    kind: str | None = None
    name: str | None = None
    emails: tuple[Email, ...] | str = ()
    phones: tuple[Phone, ...] | str = ()
    addresses: tuple[Address, ...] | str = ()
    primary_email: str | None = None
    primary_phone: str | None = None
    primary_address: str | None = None
    tags: tuple[str, ...] | str = ()
    stage: str | None = None
    owner: str | None = None
    custom: dict[str, object] | str = Field(default_factory=dict)
    archived: bool | str = False
    links: tuple[Link, ...] | str = ()
    legal_hold: bool | str = False
    version: int
    erased: bool | None = None
    matched: tuple[Match, ...] = ()


def unmasked(values: tuple[T, ...] | str) -> tuple[T, ...]:
    """Return what is seen of a list; nothing, where it is masked."""
    return () if isinstance(values, str) else values


class CustomerPage(Dated):
    """Some customers, and where the next page starts; `advice` where more could be said."""

    items: list[Customer]
    next_page_token: str | None = None
    refine: bool | None = None
    advice: str | None = None


class FieldChange(Answer):
    """One field, before and after."""

    field: str
    before: object = None
    after: object = None


class HistoryItem(Answer):
    """One version of a customer: what happened, when, by whom."""

    version: int
    type: str
    recorded_at: datetime
    actor: str
    changes: tuple[FieldChange, ...] = ()
    erased: bool | None = None


class History(Answer):
    """Everything that ever happened to a customer, oldest first."""

    items: list[HistoryItem]
