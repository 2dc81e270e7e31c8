"""A request is shown with what became of it and, while it waits, who can approve it."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.permissions.api.grant_bodies import request_view, terms_view
from services.permissions.api.reach import Reached
from services.permissions.application.approvers import Approvers, Found, Hindrance
from services.permissions.domain.book import Book
from services.permissions.domain.subject.state import Grant, GrantRequest, RefusedRequest, Subject
from shared.authorization.scopes import Clearance, Scope
from shared.clock import Clock

RequestState = Literal["open", "approved", "refused", "withdrawn", "over"]
Known = GrantRequest | RefusedRequest | Grant
"""A request as the book has it: open, refused, or the grant that it became."""


class ApproverView(BaseModel):
    """Somebody who can approve."""

    id: UUID
    display_name: str | None


class NobodyView(BaseModel):
    """Why nobody can approve an open request now, what mends that, and who can."""

    why: str
    fix: str
    who_can_help: str


class AskedView(BaseModel):
    """What was asked for whom, and who can approve it: the one to ask first comes first."""

    subject_id: UUID
    grant_id: UUID
    version: int
    approvers: list[ApproverView]
    nobody: NobodyView | None = Field(default=None, description="Told where approvers is empty.")


class TermsView(BaseModel):
    """A role or a permission, how far and when."""

    role: str | None = None
    permission: str | None = None
    scope: Scope | None = None
    clearance: Clearance | None = None
    records: list[str] | None = None
    starts: datetime | None = Field(default=None, alias="from")
    until: datetime | None = None
    hours: float | None = Field(default=None, description="From the approval on.")


class RequestView(TermsView):
    """A request; `approvers` are told while it is open."""

    id: UUID
    subject_id: UUID
    display_name: str | None
    asked_by: UUID | None = None
    state: RequestState
    reason: str | None = None
    ticket: str | None = None
    answer: str | None = Field(default=None, description="Why it was refused.")
    approvers: list[ApproverView] | None = None
    nobody: NobodyView | None = Field(
        default=None, description="Told where it is open and approvers is empty."
    )


class RequestPage(BaseModel):
    """A page of requests; next_page_token is null on the last one."""

    items: list[RequestView]
    next_page_token: str | None


class OptionView(TermsView):
    """One thing that would help, the level that it takes, and who could approve it."""

    level: int
    approvers: list[ApproverView]


class OptionList(BaseModel):
    """What would help, the least first."""

    items: list[OptionView]


class Helpers:
    """Tells who can approve."""

    def __init__(self, approvers: Approvers, clock: Clock) -> None:
        self._approvers = approvers
        self._clock = clock

    def approvers(
        self, book: Book, subject_id: UUID, grant_id: UUID, reached: Reached
    ) -> dict[str, Any]:
        """Return who can approve a request, or why nobody can.

        Nobody can one that is not open any more, and nothing mends that.
        """
        request, at = book.subject(subject_id).requests.get(grant_id), self._clock.now()
        if request is None:
            return {"approvers": []}
        found = self._approvers.of(
            book, subject_id, grant_id, at,
            lambda who: reached.may_approve(subject_id, request.asked_by, who=who),
        )  # fmt: skip
        told: dict[str, Any] = {
            "approvers": [
                {"id": str(who), "display_name": book.subject(who).display_name}
                for who in found.who
            ]
        }
        if found.hindrance is not None and request.is_open(at):
            told["nobody"] = _nobody(found, found.hindrance)
        return told


_WHY: Final[dict[Hindrance, str]] = {
    "no_level": "nobody who is active has grant:approve and level {level}, which this takes",
    "own": "of those who are active only who asks for this, or gains by it, has grant:approve and"
    " level {level}, which it takes: nobody agrees to what is their own",
    "no_reach": "nobody who has grant:approve and level {level}, which this takes, has it for"
    " this person",
    "rule": "a rule, for example of separation of duties, refuses everybody's approval who has"
    " grant:approve for this person and level {level}",
}
_FIX: Final = (
    "have somebody reinstated who may approve it, or given grant:approve and that level; the"
    " request waits meanwhile. Or withdraw it (POST /v1/requests/withdraw) and ask for less (GET"
    " /v1/requests/options)"
)
_HELP: Final = "whoever has the permission subject:change (reinstates) or grant:give"


def _nobody(found: Found, hindrance: Hindrance) -> dict[str, str]:
    why = _WHY[hindrance].format(level=found.level)
    return {"why": why, "fix": _FIX, "who_can_help": _HELP}


def known_requests(subject: Subject) -> dict[UUID, Known]:
    """Return every request that is known of somebody, by id."""
    approved = {grant_id: grant for grant_id, grant in subject.grants.items() if grant.approved_by}
    return {**approved, **subject.refused, **subject.requests}


def state_of_request(known: Known, at: datetime) -> RequestState:
    """Return what became of a request; over is what nobody decided in time."""
    match known:
        case GrantRequest():
            return "open" if known.is_open(at) else "over"
        case RefusedRequest(request=request, refused_by=refused_by):
            return "withdrawn" if refused_by == request.asked_by else "refused"
        case _:
            return "approved"


def asked_by(known: Known) -> str | None:
    """Return who asked; None of what was given without anybody asking."""
    match known:
        case GrantRequest():
            return known.asked_by
        case RefusedRequest():
            return known.request.asked_by
        case _:
            return None if known.asked is None else known.asked.asked_by


def known_view(
    subject_id: UUID, subject: Subject, request_id: UUID, known: Known, at: datetime
) -> dict[str, Any]:
    """Return a request as a list shows it."""
    state = state_of_request(known, at)
    told: dict[str, Any] = {"display_name": subject.display_name, "state": state}
    match known:
        case GrantRequest():
            return {**request_view(subject_id, request_id, known), **told, **_why(known)}
        case RefusedRequest(request=request, reason=answer):
            asked = request_view(subject_id, request_id, request)
            return {**asked, **told, **_why(request), "answer": answer}
        case _:
            its = {"subject_id": str(subject_id), **terms_view(request_id, known.terms), **told}
            return its if known.asked is None else {**its, **_why(known.asked)}


def _why(request: GrantRequest) -> dict[str, str | None]:
    ticket = {} if request.ticket is None else {"ticket": request.ticket}
    return {"reason": request.reason, **ticket}
