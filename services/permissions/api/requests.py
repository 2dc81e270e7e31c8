"""Routes of requests: whoever was refused asks for the least that helps; somebody else decides."""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from services.permissions.api.changes import HEADERS, Changes, Sent
from services.permissions.api.grant_bodies import DoneView, NamedBody, RequestBody
from services.permissions.api.reach import Reach, Reached
from services.permissions.api.request_views import AskedView, Helpers
from services.permissions.application.record_reach import RecordReach
from services.permissions.domain.book import Book
from services.permissions.domain.helping import wanted_terms
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    RefuseGrant,
    RequestCommand,
    RequestGrant,
)
from services.permissions.domain.subject.requests import refuse_foreign, refuse_too_long
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY
from shared.web.recording import Access
from shared.web.routes import Handler, Routes

REQUESTS: Final = "/v1/requests"


class RequestRoutes:
    """The handlers of the routes."""

    def __init__(
        self, changes: Changes, reach: Reach, helpers: Helpers, records: RecordReach, clock: Clock
    ) -> None:
        self._changes = changes
        self._reach = reach
        self._helpers = helpers
        self._records = records
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        asks, agrees = Permission.GRANTS_REQUEST, Permission.GRANTS_APPROVE
        routes.add(
            "POST", REQUESTS, "request_grant", asks, self.request, body=RequestBody,
            parameters=[IDEMPOTENCY_KEY], access=Access(),
            answers={200: Answer("Asked, and who can approve it.", AskedView, HEADERS)},
        )  # fmt: skip
        declared: tuple[tuple[str, str, Permission, Handler, type[BaseModel]], ...] = (
            (f"{REQUESTS}/withdraw", "withdraw_request", asks, self.withdraw, NamedBody),
            (f"{REQUESTS}/refuse", "refuse_request", agrees, self.refuse, NamedBody),
            ("/v1/approvals", "approve_grant", agrees, self.approve, NamedBody),
        )
        for path, name, may, handler, body in declared:
            routes.add(
                "POST", path, name, may, handler, body=body, parameters=[IDEMPOTENCY_KEY],
                answers={200: Answer("Done.", DoneView, HEADERS)},
            )  # fmt: skip

    async def request(self, request: Request, caller: Caller) -> Response:
        """Ask for a role or permission, for oneself or somebody else; it is not in force yet.

        Of a permission alone the least that helps is asked for. It lasts eight hours from the
        approval on unless said otherwise, works at once when it is approved, and ends by itself.
        """
        raw = await read_body(request)
        body = parse(RequestBody, raw)
        subject_id = body.subject_id or UUID(caller.subject)
        reached = self._reach.of(caller)
        reached.require(Permission.GRANTS_REQUEST, subject_id)
        if not reached.may(Permission.GRANTS_GIVE, subject_id):
            refuse_too_long(body.for_good, body.until, self._clock.now())
        grant_id, record_id = uuid7(), body.record_id or next(iter(body.records or ()), None)
        lies = await self._records.scope(
            reached.rights, str(subject_id), body.permission, record_id
        )

        def asks(book: Book) -> RequestGrant:
            terms = wanted_terms(book.policy, body.terms(), body.record_id, lies)
            return RequestGrant(grant_id, terms, body.reason, body.lasts(), body.ticket)

        done = await self._changes.on_subject(
            Sent(request, caller, raw), "request_grant", subject_id, asks, made=grant_id
        )
        asked = UUID(done.made or str(grant_id))
        can = await asyncio.to_thread(
            self._helpers.approvers, self._changes.book.book.copy(), subject_id, asked, reached
        )
        return done.answer(subject_id=str(subject_id), grant_id=done.made, **can)

    async def withdraw(self, request: Request, caller: Caller) -> Response:
        """Take back a request that the caller made."""
        raw = await read_body(request)
        body = parse(NamedBody, raw)

        def asks(book: Book) -> RefuseGrant:
            refuse_foreign(book, body.subject_id, body.grant_id, caller.subject)
            return RefuseGrant(body.grant_id, body.reason, body.ticket)

        return await self._run(Sent(request, caller, raw), "withdraw_request", body, asks)

    async def refuse(self, request: Request, caller: Caller) -> Response:
        """Refuse what somebody asked for; who asked is told why."""
        raw = await read_body(request)
        body = parse(NamedBody, raw)
        reached = self._reach.of(caller)

        def asks(book: Book) -> RefuseGrant:
            _require(reached, book, body)
            return RefuseGrant(body.grant_id, body.reason, body.ticket)

        return await self._run(Sent(request, caller, raw), "refuse_request", body, asks)

    async def approve(self, request: Request, caller: Caller) -> Response:
        """Agree to what somebody else requested; it is given at once."""
        raw = await read_body(request)
        body = parse(NamedBody, raw)
        reached = self._reach.of(caller)

        def asks(book: Book) -> ApproveGrant:
            _require(reached, book, body)
            return ApproveGrant(body.grant_id, body.reason, body.ticket)

        return await self._run(Sent(request, caller, raw), "approve_grant", body, asks)

    async def _run(
        self, sent: Sent, operation: str, body: NamedBody, asks: Callable[[Book], RequestCommand]
    ) -> JsonAnswer:
        done = await self._changes.on_subject(
            sent, operation, body.subject_id, asks, made=body.grant_id
        )
        return done.answer(subject_id=str(body.subject_id), grant_id=done.made)


def _require(reached: Reached, book: Book, body: NamedBody) -> None:
    """Refuse whoever may not decide for this person; what is not there is told by the rules."""
    request = book.subject(body.subject_id).requests.get(body.grant_id)
    asked_by = "" if request is None else request.asked_by
    reached.require_approval(body.subject_id, asked_by)
