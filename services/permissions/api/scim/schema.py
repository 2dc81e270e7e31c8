"""What is kept of people and teams, in SCIM's words, and what of the protocol is supported.

Less than the core schema has: what neither a decision nor finding somebody needs is not kept, so it
is not declared. An identity provider that sends more is not refused; the rest is left out.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, field_validator
from scim2_models import (
    URN,
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    ExtensibleStringEnum,
    Extension,
    Filter,
    GroupMembership,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from shared.given import Line

LARGEST_PAGE: Final = 200
"""How many resources one answer lists at most."""


class Name(ComplexAttribute):
    """The parts of a name."""

    formatted: Annotated[Line | None, Field(max_length=300)] = None
    """The full name as it is shown."""
    family_name: Annotated[Line | None, Field(max_length=200)] = None
    """The family name."""
    given_name: Annotated[Line | None, Field(max_length=200)] = None
    """The given name."""


class Email(ComplexAttribute):
    """One address at work."""

    class Type(ExtensibleStringEnum):
        """What an address is for; those that are not for work are not kept."""

        work = "work"

    value: Annotated[Line | None, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] = None
    """The address."""
    type: Type | None = None
    """work: what somebody uses at home is not kept."""
    primary: bool | None = None
    """Whether it is the main one."""


class User(Resource[AnyExtension]):
    """A person who may be given rights."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[
        Line | None, Field(min_length=1, max_length=200), Uniqueness.server, Required.true
    ] = None
    """The name to sign in with; no two people have the same."""
    name: Name | None = None
    """The parts of the name."""
    Name: ClassVar[type[ComplexAttribute]] = Name
    display_name: Annotated[Line | None, Field(max_length=200)] = None
    """What people call the person."""
    active: bool | None = None
    """false: the person left, and every right is gone for good; true: is there (again)."""
    emails: Annotated[list[Email] | None, Field(max_length=20)] = None
    """The addresses at work."""
    Emails: ClassVar[type[ComplexAttribute]] = Email
    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None
    """The teams; changed at the groups."""
    Groups: ClassVar[type[ComplexAttribute]] = GroupMembership


class Manager(ComplexAttribute):
    """Whom somebody reports to."""

    value: Annotated[str | None, CaseExact.true, Field(max_length=200)] = None
    """The id of a user."""
    ref: Annotated[Reference["User"] | None, Mutability.read_write] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """Where that user is; only the id counts."""


class EnterpriseUser(Extension):
    """Where somebody is in the organisation."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    department: Annotated[Line | None, Field(max_length=200)] = None
    """The department; a slash stands between a department and one of its own."""
    manager: Manager | None = None
    """Whom the person reports to; who has left is nobody's manager."""

    @field_validator("manager", mode="before")
    @classmethod
    def _id_alone(cls, given: object) -> object:
        # Entra writes the id where RFC 7643 has an object with the id in it.
        return {"value": given} if isinstance(given, str) else given


class Member(ComplexAttribute):
    """Somebody in a team."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of a user."""
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """Where that user is; only the id counts."""
    type: Annotated[Literal["User"] | None, Mutability.immutable] = Field(None, examples=["User"])
    """Always User: no team is in another."""


class Group(Resource[Any]):
    """A team: people who see what belongs to each other where their roles say so."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[Line | None, Field(min_length=1, max_length=200), Required.true] = None
    """What people call the team."""
    members: list[Member] | None = None
    """Who belongs to the team: users, no groups."""
    Members: ClassVar[type[ComplexAttribute]] = Member


Person = User[EnterpriseUser]

TOLERANT: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""Entra's ways are taken, too: unknown attributes, `remove` with a value, a path that makes one."""

CONFIG: Final = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=LARGEST_PAGE),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Bearer token",
            description="A token of the service account of the identity provider, RFC 6750.",
            primary=True,
        )
    ],
)
"""What of the protocol is supported; nothing is that is not said here."""

PROVIDER: Final = ScimProvider(
    models=[User, EnterpriseUser, Group, ServiceProviderConfig, ResourceType, Schema],
    resource_types=[ResourceType.from_resource(Person), ResourceType.from_resource(Group)],
    config=CONFIG,
    policy=TOLERANT,
)
"""Everything that the discovery addresses tell."""
