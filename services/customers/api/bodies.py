"""What requests about customers must look like, and what answers about them do."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.customers.api.sight import seen, seen_changes, shows_reason
from services.customers.application.loading import HistoryStep, LoadedCustomer
from services.customers.domain.customer.events import CustomerKind, Stage
from services.customers.domain.customer.fields import changes, fields_of
from services.customers.domain.customer.given import (
    LONGEST_LINE,
    CustomFields,
    Name,
    NoteText,
    Reason,
    Tags,
)
from shared.authorization.fields import FieldView
from shared.eventstore.origins import acted_as
from shared.given import Given, Line

Masked = Literal["••••••"]
"""What stands instead of a value that its reader may not see, whatever the value."""


class RenameBody(Given):
    """Give another name."""

    name: Name


class ReclassifyBody(Given):
    """Say that it is of the other kind."""

    kind: CustomerKind


class TagsBody(Given):
    """Some tags."""

    tags: Tags = Field(min_length=1, examples=[["vip"]])


class AssignBody(Given):
    """Who looks after the customer; null: nobody."""

    owner: UUID | None


class StageBody(Given):
    """Another stage; going back needs a reason."""

    stage: Stage
    reason: Reason | None = None


class FieldsBody(Given):
    """New values of custom fields by name; null takes a value away."""

    custom: CustomFields = Field(min_length=1)


class ReasonBody(Given):
    """Why."""

    reason: Reason | None = None


class HoldBody(Given):
    """Why a legal hold is placed or released."""

    reason: Reason


class LinkBody(Given):
    """What the person is in the organisation, and when."""

    role: Line = Field(min_length=1, max_length=LONGEST_LINE)
    since: date | None = None
    until: date | None = None


class NoteBody(Given):
    """A note."""

    text: NoteText


class EmailView(BaseModel):
    """An e-mail address."""

    id: UUID
    address: str
    type: str | None


class PhoneView(BaseModel):
    """A phone number, as given and in E.164."""

    id: UUID
    given: str
    number: str
    type: str | None


class AddressView(BaseModel):
    """A postal address."""

    id: UUID
    street: str | None
    city: str | None
    postal_code: str | None
    region: str | None
    country: str | None
    type: str | None


class LinkView(BaseModel):
    """What a person is in an organisation, and when."""

    id: UUID
    organisation_id: UUID
    role: str
    since: str | None
    until: str | None


class CustomerView(BaseModel):
    """A customer. Once erased: only its kind and version, and `erased` is there, and true.

    What its reader may not see is not there, or is the mask.
    """

    id: UUID
    kind: CustomerKind | Masked | None = None
    name: str | None = None
    emails: list[EmailView] | Masked | None = None
    phones: list[PhoneView] | Masked | None = None
    addresses: list[AddressView] | Masked | None = None
    primary_email: UUID | Masked | None = None
    primary_phone: UUID | Masked | None = None
    primary_address: UUID | Masked | None = None
    tags: list[str] | Masked | None = None
    stage: Stage | Masked | None = None
    owner: UUID | Masked | None = None
    custom: dict[str, str | bool | list[str]] | Masked | None = None
    archived: bool | Masked | None = None
    links: list[LinkView] | Masked | None = None
    legal_hold: bool | Masked | None = None
    withdrawn: bool | Masked | None = None
    version: int
    erased: bool | None = None


class MatchView(BaseModel):
    """Why a customer was found: the text is the whole field, its beginning, begins a word, is part.

    Or the name sounds so, by its initials; or a word differs by one letter.
    """

    field: Literal["name", "email", "phone", "address"]
    how: Literal["whole", "beginning", "word", "part", "sound", "initials", "misspelt"]


class ListedCustomer(CustomerView):
    """A customer on a page; `matched` where a text was looked for."""

    registered_at: str
    changed_at: str
    matched: list[MatchView] | None = None


class CustomerPage(BaseModel):
    """A page of customers; `next_page_token` is null on the last one.

    `refine` is there, and true, where more match than are ranked; `advice` says what to do.
    """

    items: list[ListedCustomer]
    next_page_token: str | None
    refine: bool | None = None
    advice: str | None = None


class ChangeView(BaseModel):
    """One field before and after; null where there was or is nothing, or it was erased.

    A change of a field that its reader may not see is left out, or masked on both sides.
    """

    field: str
    before: Any
    after: Any


class HistoryItem(BaseModel):
    """One event of a customer's life: who, when, what, and why if a reason was given."""

    version: int
    event_id: UUID
    type: str
    recorded_at: str
    actor: str
    acting_as: str | None = None
    reason: str | None = None
    changes: list[ChangeView]
    erased: bool | None = None


class History(BaseModel):
    """Everything that ever happened to a customer, oldest first."""

    items: list[HistoryItem]


class NoteView(BaseModel):
    """A note: who wrote it, and when."""

    id: UUID
    text: str
    actor: str
    recorded_at: str


class Notes(BaseModel):
    """The notes about a customer, newest first."""

    items: list[NoteView]


def customer_view(loaded: LoadedCustomer, view: FieldView) -> dict[str, Any]:
    """Return a customer as its reader is shown it; its notes have an address of their own."""
    fields = fields_of(loaded.customer)
    del fields["notes"]
    its: dict[str, Any] = {"id": str(loaded.id), **seen(view, fields), "version": loaded.version}
    if loaded.customer.is_erased:
        its["erased"] = True
    return its


def history_view(step: HistoryStep, view: FieldView) -> dict[str, Any]:
    """Return one event as the history shows it to its reader."""
    recorded, changed = step.recorded, changes(step.before, step.after)
    its: dict[str, Any] = {
        "version": recorded.version,
        "event_id": str(recorded.event_id),
        "type": recorded.type,
        "recorded_at": recorded.recorded_at.isoformat(),
        "actor": recorded.origin.actor,
        "changes": [
            {"field": change.field, "before": change.before, "after": change.after}
            for change in seen_changes(view, changed)
        ],
    }
    if (subject := acted_as(recorded.origin)) is not None:
        its["acting_as"] = subject
    if step.reason is not None and shows_reason(view, changed):
        its["reason"] = step.reason
    if step.after.is_erased:
        its["erased"] = True
    return its


def notes_view(steps: Sequence[HistoryStep]) -> list[dict[str, Any]]:
    """Return the notes that are there now, newest first, each with who wrote it, and when."""
    kept = {note.id for note in steps[-1].after.notes}
    return [
        {
            "id": str(note.id),
            "text": note.text,
            "actor": step.recorded.origin.actor,
            "recorded_at": step.recorded.recorded_at.isoformat(),
        }
        for step in reversed(steps)
        for note in step.after.notes[-1:]
        if note.id in kept and note not in step.before.notes
    ]
