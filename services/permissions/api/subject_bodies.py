"""What is sent to let people join, move and be described anew, and how they are shown."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.permissions.api.grant_bodies import Reason, WhyBody
from services.permissions.domain.subject.commands import Description
from services.permissions.domain.subject.events import AttributeValue, SubjectKind
from services.permissions.domain.subject.state import Placement, Subject
from shared.authorization.fields import FieldView
from shared.given import Given, Line

Text = Annotated[Line, Field(min_length=1, max_length=200)]
Texts = Annotated[list[Text], Field(max_length=50)]
Teams = Annotated[list[UUID], Field(max_length=5_000)]
Attribute = Annotated[AttributeValue, Field(union_mode="smart")]


class DescribeBody(Given):
    """Who somebody is; what is left out stays as it is."""

    display_name: Text | None = None
    user_name: Text | None = None
    emails: Texts | None = None
    identifiers: Texts | None = Field(
        default=None, description="Other names by which programs ask about the subject."
    )

    def description(self, now: Description) -> Description:
        """Return who it is from now on."""
        return Description(
            self.display_name or now.display_name,
            self.user_name if "user_name" in self.model_fields_set else now.user_name,
            now.emails if self.emails is None else tuple(self.emails),
            now.identifiers if self.identifiers is None else tuple(self.identifiers),
        )


class MoveBody(WhyBody):
    """Where somebody is in the organisation; left out: as it was, null: none any more."""

    manager: UUID | None = None
    department: Text | None = Field(default=None, description="Its path, like sales/emea.")
    teams: Teams | None = None
    owner: UUID | None = Field(default=None, description="Who answers for a service account.")

    def place(self, now: Placement) -> Placement:
        """Return where it is from now on."""
        said = self.model_fields_set
        return Placement(
            self.manager if "manager" in said else now.manager,
            self.department if "department" in said else now.department,
            tuple(self.teams or ()) if "teams" in said else now.teams,
            self.owner if "owner" in said else now.owner,
        )


class JoinBody(DescribeBody, MoveBody):
    """A person or service account that joins, with the default role and nothing else."""

    id: UUID | None = Field(default=None, description="What tokens call it; unless said, a new id.")
    kind: SubjectKind = "person"
    display_name: Text
    attributes: dict[Text, Attribute] = Field(default_factory=dict, max_length=50)


class AttributesBody(Given):
    """Attributes that conditions may ask for; null takes one away. Nothing personal."""

    values: Annotated[dict[Text, Attribute | None], Field(max_length=50)]


class ExceptionBody(Given):
    """An exception from a rule of separation."""

    rule: Text
    until: AwareDatetime = Field(description="Exclusive; within a year.")
    reason: Reason


class RuleBody(Given):
    """Which rule."""

    rule: Text


class JoinedView(BaseModel):
    """Who joined."""

    id: UUID
    version: int


class SubjectView(BaseModel):
    """A person or service account, without what the caller may not see.

    `grants` and `requests` for whoever may see those, too.
    """

    id: UUID
    kind: SubjectKind | None = None
    life: str | None = None
    display_name: str | None = None
    user_name: str | None = None
    emails: list[str] | None = None
    identifiers: list[str] | None = None
    manager: UUID | None = None
    department: str | None = None
    teams: list[UUID] | None = None
    owner: UUID | None = None
    attributes: dict[str, AttributeValue] | None = None
    trusted_caller: bool | None = None
    sod_exceptions: dict[str, AwareDatetime] | None = None
    grants: list[dict[str, Any]] | None = None
    requests: list[dict[str, Any]] | None = None
    version: int


class SubjectListed(BaseModel):
    """A person or service account in a list."""

    id: UUID
    kind: SubjectKind | None = None
    life: str | None = None
    display_name: str | None = None
    user_name: str | None = None
    department: str | None = None
    version: int


class SubjectPage(BaseModel):
    """A page of people and service accounts; next_page_token is null on the last one."""

    items: list[SubjectListed]
    next_page_token: str | None


def listed_view(
    subject_id: UUID, subject: Subject, view: FieldView, version: int
) -> dict[str, Any]:
    """Return somebody as a list shows them."""
    its = {
        "kind": subject.kind, "life": subject.life,
        "display_name": subject.display_name, "user_name": subject.user_name,
        "department": subject.place.department,
    }  # fmt: skip
    return {"id": str(subject_id), **view.seen(its), "version": version}


def subject_view(
    subject_id: UUID, subject: Subject, view: FieldView, version: int
) -> dict[str, Any]:
    """Return somebody as they are shown alone, without what was given to them."""
    place = subject.place
    more = {
        "emails": [*subject.emails],
        "identifiers": [*subject.identifiers],
        "manager": None if place.manager is None else str(place.manager),
        "teams": [str(one) for one in place.teams],
        "owner": None if place.owner is None else str(place.owner),
        "attributes": dict(subject.attributes),
        "trusted_caller": subject.is_trusted_caller,
        "sod_exceptions": dict(subject.sod_exceptions),
    }
    return {**listed_view(subject_id, subject, view, version), **view.seen(more)}
