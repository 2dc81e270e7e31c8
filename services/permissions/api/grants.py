"""Routes of grants: given, taken in an emergency, made longer or smaller, ended, looked at."""

from typing import Final
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from services.permissions.api.changes import HEADERS, Changes, Sent
from services.permissions.api.grant_bodies import (
    DoneView,
    EmergencyBody,
    ExtendBody,
    GrantBody,
    NamedBody,
    ReduceBody,
    ReviewBody,
)
from services.permissions.api.reach import Reach
from services.permissions.domain.subject.commands import (
    BreakGlass,
    ExtendGrant,
    GiveGrant,
    GivenCommand,
    ReduceGrant,
    ReviewGrant,
    RevokeGrant,
)
from shared.authorization.permissions import Permission
from shared.web.answers import Answer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY
from shared.web.routes import Handler, Routes

LIST: Final = "/v1/grants"
DONE: Final = {200: Answer("Done.", DoneView, HEADERS)}


class GrantRoutes:
    """The handlers of the routes."""

    def __init__(self, changes: Changes, reach: Reach) -> None:
        self._changes = changes
        self._reach = reach

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        gives, ends = Permission.GRANTS_GIVE, Permission.GRANTS_REVOKE
        declared: tuple[tuple[str, str, Permission, Handler, type[BaseModel]], ...] = (
            ("", "give_grant", gives, self.give, GrantBody),
            ("/extend", "extend_grant", gives, self.extend, ExtendBody),
            ("/reduce", "reduce_grant", ends, self.reduce, ReduceBody),
            ("/revoke", "revoke_grant", ends, self.revoke, NamedBody),
            (
                "/break-glass", "break_glass", Permission.GRANTS_BREAK_GLASS, self.break_glass,
                EmergencyBody,
            ),
            ("/review", "review_grant", Permission.REVIEWS_DECIDE, self.review, ReviewBody),
        )  # fmt: skip
        for path, name, may, handler, body in declared:
            routes.add(
                "POST", f"{LIST}{path}", name, may, handler, body=body,
                parameters=[IDEMPOTENCY_KEY], answers=DONE,
            )  # fmt: skip

    async def give(self, request: Request, caller: Caller) -> Response:
        """Give a role or permission at once; what can do much harm is requested instead."""
        raw = await read_body(request)
        body = parse(GrantBody, raw)
        self._reach.of(caller).require(Permission.GRANTS_GIVE, body.subject_id)
        command = GiveGrant(uuid7(), body.terms(), body.reason, body.ticket)
        return await self._run(Sent(request, caller, raw), "give_grant", body.subject_id, command)

    async def extend(self, request: Request, caller: Caller) -> Response:
        """Let a grant stay in force for longer; it needs what giving it anew would need."""
        raw = await read_body(request)
        body = parse(ExtendBody, raw)
        self._reach.of(caller).require(Permission.GRANTS_GIVE, body.subject_id)
        command = ExtendGrant(body.grant_id, body.until, body.reason, body.ticket)
        return await self._run(Sent(request, caller, raw), "extend_grant", body.subject_id, command)

    async def reduce(self, request: Request, caller: Caller) -> Response:
        """Let a grant reach less far, less secret, or end earlier; never more."""
        raw = await read_body(request)
        body = parse(ReduceBody, raw)
        self._reach.of(caller).require(Permission.GRANTS_REVOKE, body.subject_id)
        less = (body.scope, body.clearance, body.until)
        command = ReduceGrant(body.grant_id, *less, body.reason, body.ticket)
        return await self._run(Sent(request, caller, raw), "reduce_grant", body.subject_id, command)

    async def revoke(self, request: Request, caller: Caller) -> Response:
        """End a grant."""
        raw = await read_body(request)
        body = parse(NamedBody, raw)
        self._reach.of(caller).require(Permission.GRANTS_REVOKE, body.subject_id)
        command = RevokeGrant(body.grant_id, body.reason, body.ticket)
        return await self._run(Sent(request, caller, raw), "revoke_grant", body.subject_id, command)

    async def break_glass(self, request: Request, caller: Caller) -> Response:
        """Take something at once because of an emergency, for four hours at most.

        It ends by itself, is marked, and somebody else must review it. Whoever watches
        daybook.alerts.v1 is told: what tells them is stored together with the grant.
        """
        raw = await read_body(request)
        body = parse(EmergencyBody, raw)
        own = UUID(caller.subject)
        self._reach.of(caller).require(Permission.GRANTS_BREAK_GLASS, own)
        command = BreakGlass(uuid7(), body.terms(), body.reason, body.ticket)
        return await self._run(Sent(request, caller, raw), "break_glass", own, command)

    async def review(self, request: Request, caller: Caller) -> Response:
        """Say whether what somebody took in an emergency was justified."""
        raw = await read_body(request)
        body = parse(ReviewBody, raw)
        self._reach.of(caller).require(Permission.REVIEWS_DECIDE, body.subject_id)
        command = ReviewGrant(body.grant_id, body.verdict, body.reason, body.ticket)
        return await self._run(Sent(request, caller, raw), "review_grant", body.subject_id, command)

    async def _run(
        self, sent: Sent, operation: str, subject_id: UUID, command: GivenCommand
    ) -> Response:
        done = await self._changes.on_subject(
            sent, operation, subject_id, lambda _: command, made=command.grant_id
        )
        return done.answer(subject_id=str(subject_id), grant_id=done.made)
