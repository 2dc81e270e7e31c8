"""What a policy file may say; its JSON schema is published."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from services.permissions.domain.policy.events import (
    Otherwise,
    SodKind,
)
from services.permissions.domain.review.events import Every, SilentDecision
from services.permissions.domain.subject.events import AttributeValue, SubjectKind
from services.permissions.domain.subject.grant_events import Effect
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.given import Given, Line, Lines, field_error

Covers = Literal["what_it_names", "everything"]
LONGEST: Final = 200
Text = Annotated[Line, Field(min_length=1, max_length=LONGEST)]
Reach = Annotated[
    str,
    Field(
        pattern="^(own|team|department|all)/(public|internal|confidential|restricted)$",
        examples=["team/internal"],
    ),
]


class _Entry(Given):
    """Part of a policy file; the text under each field is its published meaning."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class TitleEntry(_Entry):
    """What people read, in each language."""

    en: Text
    """In English."""
    zh: Text
    """In Chinese."""


def _titled(given: Any) -> Any:  # noqa: ANN401
    return {"en": given, "zh": given} if isinstance(given, str) else given


Titled = Annotated[TitleEntry, BeforeValidator(_titled, json_schema_input_type=Text | TitleEntry)]
"""One text for both languages, or one for each."""


class PermissionEntry(_Entry):
    """One permission."""

    risk: Risk
    """How much harm it can do."""
    title: Titled
    """What people call it."""


class DataClassEntry(_Entry):
    """How secret a field is."""

    data_class: Clearance = Field(alias="class")
    """How secret it is."""
    otherwise: Otherwise = "mask"
    """What somebody sees who is not cleared for it."""


def _classed(given: Any) -> Any:  # noqa: ANN401
    return {"class": given} if isinstance(given, str) else given


Classed = Annotated[
    DataClassEntry, BeforeValidator(_classed, json_schema_input_type=Clearance | DataClassEntry)
]


class AllowanceEntry(_Entry):
    """How far a permission reaches."""

    scope: Scope
    """Whose records."""
    clearance: Clearance
    """The most secret data."""
    condition: dict[str, Any] | None = None
    """What must be true besides."""


def _reaching(given: Any) -> Any:  # noqa: ANN401
    if isinstance(given, str):
        scope, slash, clearance = given.partition("/")
        if scope not in set(Scope) or clearance not in set(Clearance) or not slash:
            raise field_error("does not say how far", "Write it like team/internal.")
        return {"scope": scope, "clearance": clearance}
    return given


def _listed(given: Any) -> Any:  # noqa: ANN401
    return given if isinstance(given, list) else [given]


Allowed = Annotated[
    AllowanceEntry, BeforeValidator(_reaching, json_schema_input_type=Reach | AllowanceEntry)
]
Allowances = Annotated[
    list[Allowed],
    Field(min_length=1, max_length=10),
    BeforeValidator(
        _listed, json_schema_input_type=Reach | AllowanceEntry | list[Reach | AllowanceEntry]
    ),
]


class RoleEntry(_Entry):
    """One role, as a whole: what is not said here it does not have."""

    level: Annotated[int, Field(ge=0, le=100, strict=True)]
    """0 to 100; nobody gives a role of a higher level than the own."""
    title: Titled
    """What people call it."""
    parents: list[str] = Field(default_factory=list)
    """Roles whose permissions it has too."""
    permissions: dict[str, Allowances] = Field(default_factory=dict)
    """What it has by itself, and how far each reaches: scope/clearance."""


class SodEntry(_Entry):
    """Two sides that are kept apart."""

    kind: SodKind
    """static: nobody holds both · dynamic: nobody does both with the same record."""
    first: Annotated[list[str], Field(min_length=1, max_length=50)]
    """Permissions and roles on one side."""
    second: Annotated[list[str], Field(min_length=1, max_length=50)]
    """Permissions and roles on the other."""


class ReviewScheduleEntry(_Entry):
    """Reviews that open by themselves, once in each period."""

    title: Text
    """What people call each of its reviews."""
    every: Every
    """How often; after_emergency: after each emergency that is over."""
    roles: Annotated[list[str], Field(max_length=50)] = Field(default_factory=list)
    """Grants of these roles; none: of every role, and of single permissions."""
    department: Text | None = None
    """Of people in this department or below it."""
    risk: Risk | None = None
    """Those that bring a permission of this risk or a higher one."""
    kept_after_a_move: bool = False
    """Only those that somebody had before moving."""
    days: Annotated[int, Field(ge=1, le=60, strict=True)] = 14
    """How long the reviewers have."""
    silence: SilentDecision | None = None
    """What silence means at the end; absent: nothing, somebody must decide."""
    most_percent: Annotated[int, Field(ge=0, le=100, strict=True)] = 10
    """Silence never takes more than so much of all items away, in percent."""
    most_grants: Annotated[int, Field(ge=0, strict=True)] = 50
    """Silence never takes more than so many grants away."""


class TeamEntry(_Entry):
    """One team."""

    id: UUID
    """Its id."""
    title: Titled
    """What people call it."""


class ResourceEntry(_Entry):
    """One record of another program."""

    owner: UUID | None = None
    """The subject who owns it."""
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    """What conditions may look at, as resource.<name>; nothing personal."""


def _zoned(given: datetime) -> datetime:
    if given.tzinfo is None:
        raise field_error("has no time zone", "Write it like 2026-01-31T12:00:00Z.")
    return given


Moment = Annotated[datetime, AfterValidator(_zoned)]


class GrantEntry(_Entry):
    """One grant: of a role, or of a single permission."""

    role: str | None = None
    """The role."""
    permission: str | None = None
    """The single permission."""
    effect: Effect = "allow"
    """allow, or deny: which beats every allowance."""
    scope: Scope | None = None
    """At most so far."""
    clearance: Clearance | None = None
    """At most so secret."""
    records: Annotated[list[str], Field(min_length=1, max_length=200)] | None = None
    """Only these records."""
    starts: Moment | None = Field(default=None, alias="from")
    """From here on, inclusive."""
    until: Moment | None = None
    """Up to here, exclusive."""
    condition: dict[str, Any] | None = None
    """What must be true besides."""


def _of_role(given: Any) -> Any:  # noqa: ANN401
    return {"role": given} if isinstance(given, str) else given


Granted = Annotated[GrantEntry, BeforeValidator(_of_role, json_schema_input_type=str | GrantEntry)]


class SubjectEntry(_Entry):
    """One person or service account; its name in the file is the name to sign in with.

    Of somebody who is there already, what is not said stays as it is, unless the file covers
    everything.
    """

    id: UUID
    """The id that tokens name."""
    kind: SubjectKind = "person"
    """person, or service: a program with an account of its own."""
    display_name: Text | None = None
    """What people call it; absent for somebody new: as the name to sign in with."""
    emails: Annotated[list[Text], Field(max_length=20)] = Field(default_factory=list)
    """E-mail addresses, the main one first."""
    identifiers: Annotated[list[Text], Field(max_length=20)] = Field(default_factory=list)
    """Other names by which programs ask about it."""
    manager: str | None = None
    """Whom the person reports to: a name in this file, or an id."""
    owner: str | None = None
    """Who answers for a service account: a name in this file, or an id."""
    department: str | None = None
    """For example sales/emea."""
    teams: list[str] = Field(default_factory=list)
    """Names of teams in this file, or ids."""
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    """What conditions may ask for."""
    trusted_caller: bool = False
    """Whether what it says about subjects counts."""
    suspended: bool = False
    """Whether it may do nothing for now."""
    grants: list[Granted] | None = None
    """All of them, besides the default role; absent: they stay as they are."""
    also_grants: list[Granted] = Field(default_factory=list)
    """Grants that are there too, whatever the others are."""
    sod_exceptions: dict[str, Moment] = Field(default_factory=dict)
    """Rules that do not bind it, and until when."""


class PolicyFile(_Entry):
    """A policy, or a part of one, as people review it."""

    daybook_policy: Literal[1]
    """The version of this format."""
    covers: Covers = "what_it_names"
    """everything: what the file does not name of permissions, data classes, roles, rules and
    records is taken away · what_it_names: it stays. People who are not named always stay as
    they are."""
    reason: Lines | None = None
    """Why; kept in clear text with each change, so it says nothing of people."""
    permissions: dict[str, PermissionEntry] = Field(default_factory=dict)
    """By name: <resource_type>:<action>."""
    data_classes: dict[str, dict[str, Classed]] = Field(default_factory=dict)
    """By resource type and field; * is the record as a whole."""
    roles: dict[str, RoleEntry] = Field(default_factory=dict)
    """By name."""
    sod_rules: dict[str, SodEntry] = Field(default_factory=dict)
    """By name."""
    review_schedules: dict[str, ReviewScheduleEntry] = Field(default_factory=dict)
    """By name."""
    default_role: str | None = None
    """What everybody gets who joins; absent: as it is."""
    freshness_seconds: dict[Risk, float] = Field(default_factory=dict)
    """By risk: how old a copy of the policy may be that decides."""
    resources: dict[str, dict[str, ResourceEntry]] = Field(default_factory=dict)
    """Records of other programs that a search shall find, by type and id."""
    teams: dict[str, TeamEntry] = Field(default_factory=dict)
    """By a name that this file uses for it."""
    subjects: dict[str, SubjectEntry] = Field(default_factory=dict)
    """By user name."""


def policy_file_schema() -> dict[str, Any]:
    """Return the JSON schema of a policy file, as editors and checks read it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PolicyFile.model_json_schema(),
    }
