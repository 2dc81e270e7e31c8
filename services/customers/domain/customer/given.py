"""What people give about a customer is checked field by field, and gets its normal form.

The same models are the bodies of requests and the rows of imports.
"""

import re
from datetime import date
from functools import cache
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import phonenumbers
from babel import Locale
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from uuid6 import uuid7

from services.customers.domain.customer.commands import LinkCustomer, RegisterCustomer
from services.customers.domain.customer.contacts import MAX_CONTACTS
from services.customers.domain.customer.events import CustomerKind, Stage
from services.customers.domain.customer.life import MAX_TAGS
from services.customers.domain.customer.state import (
    CustomerAddress,
    CustomerEmail,
    CustomerPhone,
)
from shared.given import Given, Line, Lines, field_error

LONGEST_NAME: Final = 300
LONGEST_ADDRESS: Final = 254
LONGEST_NOTE: Final = 10_000
LONGEST_TAG: Final = 60
LONGEST_LINE: Final = 200
MAX_CUSTOM: Final = 100
NONE: Final = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
"""Codes of CLDR that are no country's."""
REGIONS: Final = frozenset(phonenumbers.SUPPORTED_REGIONS)

# An installation may run on names of its own, .local and .test for example.
SPECIAL_USE_DOMAIN_NAMES.clear()


def _email(given: str) -> str:
    """Return the address in its normal form.

    Addresses of internal domains are addresses too, so reachability is not asked.
    """
    try:
        return validate_email(
            given, check_deliverability=False, globally_deliverable=False
        ).normalized
    except EmailNotValidError as error:
        raise field_error("is not an e-mail address", "Write it like name@example.org.") from error


@cache
def _countries() -> dict[str, str]:
    """Return the code of every country by its code and by its names in English, German, Chinese."""
    known = {code.casefold(): code for code in _codes()}
    for language in ("en", "de", "zh"):
        names = Locale(language).territories
        # Not every language has a name for every code.
        known = {names[code].casefold(): code for code in _codes() if code in names} | known
    return known


def _codes() -> list[str]:
    codes = (str(code) for code in Locale("en").territories)
    return [code for code in codes if re.fullmatch("[A-Z]{2}", code) and code not in NONE]


def _country(given: str) -> str:
    code = _countries().get(given.casefold())
    if code is None:
        raise field_error(
            "is not a country that we know", "Send its two letters (ISO 3166-1), for example DE."
        )
    return code


def dialled(given: str, country: str | None) -> str:
    """Return a phone number in E.164, an extension as ;ext=12 (RFC 3966).

    Raises:
        PydanticCustomError: it is no number, or a national one of an unknown country.
    """
    try:
        number = phonenumbers.parse(given, country if country in REGIONS else None)
    except phonenumbers.NumberParseException as error:
        raise _no_number() from error
    if not phonenumbers.is_possible_number(number):
        raise _no_number()
    extension = f";ext={number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) + extension


def _no_number() -> Exception:
    return field_error(
        "is not a phone number", "Write it with its country code, for example +49 30 123456."
    )


def _no_doubles(tags: list[str]) -> list[str]:
    if len({tag.casefold() for tag in tags}) < len(tags):
        raise field_error("names a tag twice", "Name each tag once; case makes no difference.")
    return tags


def _alone(field: str) -> BeforeValidator:
    """Return what lets somebody write only the value where nothing else is to say."""
    return BeforeValidator(lambda given: {field: given} if isinstance(given, str) else given)


Name = Annotated[Line, Field(min_length=1, max_length=LONGEST_NAME)]
EmailText = Annotated[
    str, Field(max_length=LONGEST_ADDRESS, examples=["ada@example.org"]), AfterValidator(_email)
]
Country = Annotated[Line, Field(max_length=LONGEST_LINE), AfterValidator(_country)]
Short = Annotated[Line, Field(min_length=1, max_length=LONGEST_LINE)]
Street = Annotated[Lines, Field(min_length=1, max_length=LONGEST_LINE)]
NoteText = Annotated[Lines, Field(min_length=1, max_length=LONGEST_NOTE)]
Reason = Annotated[Lines, Field(min_length=1, max_length=1_000)]
Tag = Annotated[Line, Field(min_length=1, max_length=LONGEST_TAG)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_no_doubles)]
CustomGiven = str | bool | int | float | Annotated[list[str], Field(max_length=MAX_CUSTOM)]
CustomFields = Annotated[dict[str, CustomGiven | None], Field(max_length=MAX_CUSTOM)]
EmailType = Literal["work", "home", "billing", "other"]
PhoneType = Literal["work", "home", "mobile", "fax", "other"]
AddressType = Literal["work", "home", "billing", "delivery", "other"]


class NewEmail(Given):
    """An e-mail address; where nothing else is to say, the address alone will do."""

    address: EmailText
    type: EmailType | None = None
    primary: bool = False

    def point(self, contact_id: UUID) -> CustomerEmail:
        """Return the contact point with its id."""
        return CustomerEmail(contact_id, self.address, self.type)


class NewPhone(Given):
    """A phone number, national only where `country` says whose; the number alone will do."""

    country: Country | None = None
    number: Annotated[Line, Field(min_length=2, max_length=60, examples=["+49 30 123456"])]
    type: PhoneType | None = None
    primary: bool = False

    @field_validator("number")
    @classmethod
    def _is_a_number(cls, given: str, info: ValidationInfo) -> str:
        dialled(given, info.data.get("country"))
        return given

    def point(self, contact_id: UUID) -> CustomerPhone:
        """Return the contact point with its id."""
        return CustomerPhone(contact_id, self.number, dialled(self.number, self.country), self.type)


class NewAddress(Given):
    """A postal address; at least one line of it."""

    street: Street | None = None
    city: Short | None = None
    postal_code: Short | None = None
    region: Short | None = None
    country: Country | None = None
    type: AddressType | None = None
    primary: bool = False

    @model_validator(mode="after")
    def _is_somewhere(self) -> "NewAddress":
        if not any((self.street, self.city, self.postal_code, self.region, self.country)):
            raise field_error("is empty", "Send at least one of street, city, country.")
        return self

    def point(self, contact_id: UUID) -> CustomerAddress:
        """Return the contact point with its id."""
        return CustomerAddress(
            contact_id, self.street, self.city, self.postal_code, self.region, self.country,
            self.type,
        )  # fmt: skip


def _one_primary(points: list[Any]) -> list[Any]:
    """Return them with the primary one first: without a choice the first is primary."""
    if sum(point.primary for point in points) > 1:
        raise field_error("has several primary ones", "Say `primary` of one of them.")
    return sorted(points, key=lambda point: not point.primary)


Emails = Annotated[
    list[Annotated[NewEmail, _alone("address")]],
    Field(max_length=MAX_CONTACTS),
    AfterValidator(_one_primary),
]
Phones = Annotated[
    list[Annotated[NewPhone, _alone("number")]],
    Field(max_length=MAX_CONTACTS),
    AfterValidator(_one_primary),
]
Addresses = Annotated[
    list[NewAddress], Field(max_length=MAX_CONTACTS), AfterValidator(_one_primary)
]


class NewCustomer(Given):
    """A person or an organisation, with whatever is known from the start."""

    kind: CustomerKind
    name: Name
    emails: Emails = Field(default_factory=list)
    phones: Phones = Field(default_factory=list)
    addresses: Addresses = Field(default_factory=list)
    tags: Tags = Field(default_factory=list)
    stage: Stage | None = None
    owner: UUID | None = None
    custom: CustomFields = Field(default_factory=dict)

    def command(self) -> RegisterCustomer:
        """Return the command, with new ids; its custom values are still to be checked."""
        return RegisterCustomer(
            self.kind,
            self.name,
            tuple(email.point(uuid7()) for email in self.emails),
            phones=tuple(phone.point(uuid7()) for phone in self.phones),
            addresses=tuple(address.point(uuid7()) for address in self.addresses),
            tags=tuple(self.tags),
            stage=self.stage,
            owner=self.owner,
            custom=self.custom,
        )


class NewLink(Given):
    """What a person is in an organisation, and when."""

    organisation_id: UUID
    role: Annotated[Line, Field(min_length=1, max_length=LONGEST_LINE)]
    since: date | None = None
    until: date | None = None

    def command(self) -> LinkCustomer:
        """Return the command, with a new id."""
        return LinkCustomer(uuid7(), self.organisation_id, self.role, self.since, self.until)
