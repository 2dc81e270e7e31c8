"""What requests about customers must look like, and what answers about them do."""

from typing import Annotated, Any
from uuid import UUID

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.customers.application.loading import HistoryStep, LoadedCustomer
from services.customers.domain.customer.events import CustomerKind
from services.customers.domain.customer.rules import MAX_EMAILS, Customer
from shared.web.field_problems import Line, field_error

LONGEST_NAME = 300
LONGEST_ADDRESS = 254


# An installation may run on names of its own, .local and .test for example.
SPECIAL_USE_DOMAIN_NAMES.clear()


def _address(given: str) -> str:
    """Return the address in its normal form.

    Addresses of internal domains are addresses too, so reachability is not asked.
    """
    try:
        return validate_email(
            given, check_deliverability=False, globally_deliverable=False
        ).normalized
    except EmailNotValidError as error:
        raise field_error("is not an e-mail address", "Write it like name@example.org.") from error


Name = Annotated[Line, Field(min_length=1, max_length=LONGEST_NAME)]
Address = Annotated[str, Field(max_length=LONGEST_ADDRESS), AfterValidator(_address)]


class Body(BaseModel):
    """A request body: members that we do not know are told, never ignored."""

    model_config = ConfigDict(extra="forbid")


class RegisterBody(Body):
    """Register a person or an organisation."""

    kind: CustomerKind
    name: Name
    emails: list[Address] = Field(default_factory=list, max_length=MAX_EMAILS)


class RenameBody(Body):
    """Give another name."""

    name: Name


class EmailBody(Body):
    """Add an e-mail address."""

    address: Address


class EmailView(BaseModel):
    """An e-mail address."""

    id: UUID
    address: str


class CustomerView(BaseModel):
    """A customer. Once erased: no name, no e-mails, and `erased` is there, and true."""

    id: UUID
    kind: CustomerKind
    name: str | None
    emails: list[EmailView]
    version: int
    erased: bool | None = None


class CustomerPage(BaseModel):
    """A page of customers by name; `next_page_token` is null on the last one."""

    items: list[CustomerView]
    next_page_token: str | None


class ChangeView(BaseModel):
    """One field before and after; null where there was or is nothing, or it was erased."""

    field: str
    before: str | EmailView | None
    after: str | EmailView | None


class HistoryItem(BaseModel):
    """One event of a customer's life: who, when, what."""

    version: int
    event_id: UUID
    type: str
    recorded_at: str
    actor: str
    changes: list[ChangeView]
    erased: bool | None = None


class History(BaseModel):
    """Everything that ever happened to a customer, oldest first."""

    items: list[HistoryItem]


def customer_view(loaded: LoadedCustomer) -> dict[str, Any]:
    """Return a customer as answers show it."""
    customer = loaded.customer
    view: dict[str, Any] = {
        "id": str(loaded.id),
        "kind": customer.kind,
        "name": customer.name,
        "emails": [{"id": str(e.id), "address": e.address} for e in customer.emails],
        "version": loaded.version,
    }
    if customer.is_erased:
        view["erased"] = True
    return view


def history_view(step: HistoryStep) -> dict[str, Any]:
    """Return one event as the history shows it."""
    recorded = step.recorded
    view: dict[str, Any] = {
        "version": recorded.version,
        "event_id": str(recorded.event_id),
        "type": recorded.type,
        "recorded_at": recorded.recorded_at.isoformat(),
        "actor": recorded.origin.actor,
        "changes": _changes(step.before, step.after),
    }
    if step.after.is_erased:
        view["erased"] = True
    return view


def _changes(before: Customer, after: Customer) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = [
        {"field": field, "before": getattr(before, field), "after": getattr(after, field)}
        for field in ("kind", "name")
        if getattr(before, field) != getattr(after, field)
    ]
    old = {email.id: email for email in before.emails}
    new = {email.id: email for email in after.emails}
    for email_id in [*old, *(i for i in new if i not in old)]:
        if old.get(email_id) == new.get(email_id):
            continue
        shown = [
            None if email is None else {"id": str(email.id), "address": email.address}
            for email in (old.get(email_id), new.get(email_id))
        ]
        changes.append({"field": "emails", "before": shown[0], "after": shown[1]})
    return changes
