"""Routes of people and their grants: who has what, giving, requesting, agreeing, revoking."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from services.permissions.application.commands import PermissionCommands
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import Asking, Book, Fact, OnSubject
from services.permissions.domain.deciding import decide
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    GiveGrant,
    RequestGrant,
    RevokeGrant,
    SubjectCommand,
)
from services.permissions.domain.subject.grant_events import Effect
from services.permissions.domain.subject.life import must_be_there
from services.permissions.domain.subject.state import Subject, Terms
from shared.authorization.permissions import Permission
from shared.authorization.scopes import Clearance, Scope
from shared.given import Given, Lines
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY
from shared.web.idempotency import remembering
from shared.web.queries import path_id
from shared.web.routes import Routes
from shared.web.versions import etag

Reason = Annotated[Lines, Field(min_length=1, max_length=1_000)]
Name = Annotated[str, Field(max_length=100)]
HEADERS = {
    "Daybook-Token": "The place of the change in the log.",
    "Idempotency-Replayed": "true if this is the first answer again.",
}


class GrantBody(Given):
    """A role or a single permission for somebody."""

    subject_id: UUID
    role: Name | None = None
    permission: Name | None = None
    effect: Effect = "allow"
    scope: Scope | None = Field(default=None, description="At most so far.")
    clearance: Clearance | None = Field(default=None, description="At most so secret.")
    records: Annotated[list[Name], Field(max_length=200)] | None = None
    starts: AwareDatetime | None = Field(default=None, alias="from", description="Inclusive.")
    until: AwareDatetime | None = Field(default=None, description="Exclusive.")
    condition: dict[str, Any] | None = None
    reason: Reason

    def terms(self) -> Terms:
        """Return what it is about."""
        return Terms(
            self.role, self.permission, self.effect, self.scope, self.clearance,
            None if self.records is None else tuple(self.records),
            self.starts, self.until, self.condition,
        )  # fmt: skip


class NamedBody(Given):
    """One grant or request of one subject."""

    subject_id: UUID
    grant_id: UUID
    reason: Reason | None = None


class DoneView(BaseModel):
    """Which grant or request of whom, and the version of the subject after it."""

    subject_id: UUID
    grant_id: UUID
    version: int


class SubjectView(BaseModel):
    """A person or service account, with its grants and open requests."""

    id: UUID
    kind: str
    life: str
    display_name: str | None
    user_name: str | None
    department: str | None
    grants: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    version: int


class SubjectList(BaseModel):
    """Everybody who is there."""

    items: list[SubjectView]


class GrantRoutes:
    """The handlers of the routes."""

    def __init__(self, commands: PermissionCommands, book: PolicyBook, secret: bytes) -> None:
        self._commands = commands
        self._book = book
        self._secret = secret

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        reads, gives = Permission.GRANTS_READ, Permission.GRANTS_GIVE
        done = {200: Answer("Done.", DoneView, HEADERS)}
        routes.add(
            "GET", "/v1/subjects", "list_subjects", reads, self.every,
            answers={200: Answer("Everybody who is there.", SubjectList)},
        )  # fmt: skip
        routes.add(
            "GET", "/v1/subjects/{subject_id}", "get_subject", reads, self.one,
            answers={200: Answer("The subject.", SubjectView, {"ETag": "Its version."})},
        )  # fmt: skip
        for path, name, may, handler, body in (
            ("/v1/grants", "give_grant", gives, self.give, GrantBody),
            ("/v1/grants/revoke", "revoke_grant", gives, self.revoke, NamedBody),
            ("/v1/requests", "request_grant", Permission.GRANTS_REQUEST, self.request, GrantBody),
            ("/v1/approvals", "approve_grant", Permission.GRANTS_APPROVE, self.approve, NamedBody),
        ):
            routes.add(
                "POST", path, name, may, handler, body=body, parameters=[IDEMPOTENCY_KEY],
                answers=done,
            )  # fmt: skip

    async def every(self, _request: Request, _caller: Caller) -> Response:
        """List people and service accounts."""
        await self._book.catch_up()
        known = self._book.book.subjects.items()
        items = [self._view(one, its) for one, its in known if its.is_there]
        return JsonAnswer({"items": items}, 200, {"Cache-Control": "no-store"})

    async def one(self, request: Request, _caller: Caller) -> Response:
        """Read one person or service account."""
        subject_id = path_id(request, "subject_id")
        await self._book.catch_up()
        subject = self._book.book.subject(subject_id)
        must_be_there(subject)
        view = self._view(subject_id, subject)
        headers = {"ETag": etag(view["version"]), "Cache-Control": "no-store"}
        return JsonAnswer(view, 200, headers)

    async def give(self, request: Request, caller: Caller) -> Response:
        """Give a role or permission at once; what can do much harm is requested instead."""
        raw = await read_body(request)
        body = parse(GrantBody, raw)
        given = GiveGrant(uuid7(), body.terms(), body.reason)
        return await self._run(request, caller, raw, body.subject_id, given)

    async def request(self, request: Request, caller: Caller) -> Response:
        """Ask for a role or permission, for oneself or somebody else; it is not in force yet."""
        raw = await read_body(request)
        body = parse(GrantBody, raw)
        asked = RequestGrant(uuid7(), body.terms(), body.reason)
        return await self._run(request, caller, raw, body.subject_id, asked)

    async def approve(self, request: Request, caller: Caller) -> Response:
        """Agree to what somebody else requested; it is given at once."""
        raw = await read_body(request)
        body = parse(NamedBody, raw)
        return await self._run(request, caller, raw, body.subject_id, ApproveGrant(body.grant_id))

    async def revoke(self, request: Request, caller: Caller) -> Response:
        """End a grant."""
        raw = await read_body(request)
        body = parse(NamedBody, raw)
        ended = RevokeGrant(body.grant_id, body.reason)
        return await self._run(request, caller, raw, body.subject_id, ended)

    async def _run(
        self,
        request: Request,
        caller: Caller,
        raw: bytes,
        subject_id: UUID,
        command: GiveGrant | RequestGrant | ApproveGrant | RevokeGrant,
    ) -> Response:
        remember = remembering(
            request, caller, raw, self._secret, status=200, route=type(command).__name__
        )
        if remember is not None:
            # A repeated request is answered with the id that the first one got.
            remember = type(remember)(
                remember.key, remember.body_mac, 200, f"/v1/grants/{command.grant_id}"
            )
        outcome = await self._commands.run(
            lambda book, at: _decided(book, subject_id, command, caller, at),
            by=caller.subject,
            remember=remember,
        )
        headers = {} if outcome.token is None else {"Daybook-Token": str(outcome.token)}
        grant_id, version = str(command.grant_id), self._book.version_of(f"subject-{subject_id}")
        if (first := outcome.answered) is not None:
            headers["Idempotency-Replayed"] = "true"
            grant_id, version = (first.location or "").rpartition("/")[2], first.version
        told = {"subject_id": str(subject_id), "grant_id": grant_id, "version": version}
        return JsonAnswer(told, 200, headers)

    def _view(self, subject_id: UUID, subject: Subject) -> dict[str, Any]:
        return {
            "id": str(subject_id),
            "kind": subject.kind,
            "life": subject.life,
            "display_name": subject.display_name,
            "user_name": subject.user_name,
            "department": subject.place.department,
            "grants": [_terms(one, its.terms) for one, its in subject.grants.items()],
            "requests": [_terms(one, its.terms) for one, its in subject.requests.items()],
            "version": self._book.version_of(f"subject-{subject_id}"),
        }


def _decided(
    book: Book, subject_id: UUID, command: SubjectCommand, caller: Caller, at: datetime
) -> Sequence[Fact]:
    return decide(book, [OnSubject(subject_id, command)], Asking(caller.subject, at))


def _terms(grant_id: UUID, terms: Terms) -> dict[str, Any]:
    said = {
        "id": str(grant_id),
        "role": terms.role,
        "permission": terms.permission,
        "effect": terms.effect,
        "scope": terms.scope,
        "clearance": terms.clearance,
        "records": None if terms.records is None else list(terms.records),
        "from": terms.starts,
        "until": terms.until,
        "condition": terms.condition,
    }
    return {name: value for name, value in said.items() if value is not None}
