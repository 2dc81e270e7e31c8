"""What happens to a subject; its stream is `subject-<uuid>`, and its grants are in it too.

Names, addresses and reasons are personal: they are sealed with the subject's key.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import SerializerFunctionWrapHandler, WithJsonSchema, model_serializer

from services.permissions.domain.subject.acting_events import ActingEvent
from services.permissions.domain.subject.grant_events import (
    ExceptionEvent,
    GivenEvent,
    RequestEvent,
)
from shared.events import Event, Personal

SubjectKind = Literal["person", "service"]
AttributeValue = str | bool | int
# A stored value leaves out what is None; where null says something, its schema says so.
_Id = {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}
_Text = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_Value = {"anyOf": [{"type": each} for each in ("string", "boolean", "integer", "null")]}
IdOrNull = Annotated[UUID | None, WithJsonSchema(_Id)]
TextOrNull = Annotated[str | None, WithJsonSchema(_Text)]
ValueOrNull = Annotated[AttributeValue | None, WithJsonSchema(_Value)]


class SubjectDetails(Personal):
    """Who somebody is."""

    display_name: str
    """What people call the person or account."""
    user_name: str | None = None
    """The name to sign in with."""
    emails: tuple[str, ...] = ()
    """The e-mail addresses, the main one first."""
    identifiers: tuple[str, ...] = ()
    """Other names by which programs ask about the subject, in AuthZEN and SCIM."""
    provisioned: Mapping[str, Any] | None = None
    """The account in the words of the identity provider that keeps it (SCIM); absent: none does."""


class SubjectReason(Personal):
    """Why somebody did it."""

    reason: str
    """The reason, in the words of who did it."""
    ticket: str | None = None
    """The reference of the company's own ticket about it; absent: none was given."""


class JoinerDetails(SubjectDetails):
    """Who joins, and why."""

    reason: str | None = None
    """The reason, in the words of who let them join; absent: none was given."""
    ticket: str | None = None
    """The reference of the company's own ticket about it; absent: none was given."""


class SubjectJoined(Event):
    """A person or service account is there from now on, or again, without any earlier grant."""

    kind: SubjectKind
    """person, or service: a program with an account of its own."""
    key_commitment: str
    """base64url(SHA-256("daybook-kc" ‖ subject key)): it proves, as long as the key exists, which
    key the personal fields of this subject were sealed with."""
    owner: UUID | None = None
    """Who answers for a service account; absent for a person."""
    manager: UUID | None = None
    """Whom the person reports to."""
    department: str | None = None
    """The path of the department, for example sales/emea."""
    teams: tuple[UUID, ...] = ()
    """The teams."""
    attributes: Mapping[str, AttributeValue] = {}
    """Facts that conditions may ask for, by name; nothing personal."""
    personal: JoinerDetails | None = None


class SubjectMoved(Event):
    """The subject is elsewhere in the organisation; absent: unchanged, null: none any more."""

    manager: IdOrNull = None
    """Whom the person reports to from now on."""
    department: TextOrNull = None
    """The path of the department from now on."""
    teams: tuple[UUID, ...] | None = None
    """The teams from now on, all of them."""
    owner: UUID | None = None
    """Who answers for the service account from now on."""
    personal: SubjectReason | None = None

    @model_serializer(mode="wrap")
    def _with_nulls(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # An event leaves out what is None; here a null that was said says something.
        told: dict[str, Any] = handler(self)
        return told | {name: None for name in self.model_fields_set if getattr(self, name) is None}


class SubjectDescribed(Event):
    """Name, user name, addresses and identifiers are these from now on, all of them."""

    personal: SubjectDetails | None = None


class SubjectAttributesSet(Event):
    """Some attributes have other values from now on."""

    attributes: Mapping[str, ValueOrNull]
    """The new value by name; null where there is none any more."""


class SubjectSuspended(Event):
    """The subject may do nothing until it is reinstated; its grants stay."""

    personal: SubjectReason | None = None


class SubjectReinstated(Event):
    """A suspended subject may do again what its grants say."""

    personal: SubjectReason | None = None


class SubjectLeft(Event):
    """The subject is gone, and every grant and request with it for good."""

    personal: SubjectReason | None = None


class SubjectErased(Event):
    """The subject's key was destroyed: nobody can read its personal fields, here or elsewhere.

    Whoever holds a copy of them deletes it, and forgets the key.
    """

    erases_subject: ClassVar[bool] = True

    kid: str
    """The reference of the destroyed key, as in the header of every JWE that it sealed."""


class CallerTrusted(Event):
    """What this caller says about subjects counts in its questions from now on."""


class CallerDistrusted(Event):
    """What this caller says about subjects counts no longer."""


LifeEvent = (
    SubjectMoved
    | SubjectDescribed
    | SubjectAttributesSet
    | SubjectSuspended
    | SubjectReinstated
    | SubjectLeft
    | SubjectErased
    | CallerTrusted
    | CallerDistrusted
)
SubjectEvent = SubjectJoined | LifeEvent | RequestEvent | GivenEvent | ExceptionEvent | ActingEvent
