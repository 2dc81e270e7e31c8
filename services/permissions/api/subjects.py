"""Routes of people and service accounts: who there is, joining, moving, being described anew."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from services.permissions.api.changes import CHANGED, HEADERS, Changes, Sent
from services.permissions.api.reach import Reach
from services.permissions.api.subject_bodies import (
    AttributesBody,
    DescribeBody,
    ExceptionBody,
    JoinBody,
    JoinedView,
    MoveBody,
    RuleBody,
)
from services.permissions.domain.book import Book
from services.permissions.domain.subject.commands import (
    DescribeSubject,
    Description,
    GiveSodException,
    JoinSubject,
    MoveSubject,
    SetSubjectAttributes,
    SubjectCommand,
    WithdrawSodException,
)
from services.permissions.domain.subject.describing import description_of
from services.permissions.domain.subject.state import NOWHERE
from shared.authorization.permissions import Permission
from shared.web.answers import Answer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH
from shared.web.queries import path_id
from shared.web.routes import Routes

LIST: Final = "/v1/subjects"
ONE: Final = "/v1/subjects/{subject_id}"


class SubjectRoutes:
    """The handlers of the routes."""

    def __init__(self, changes: Changes, reach: Reach) -> None:
        self._changes = changes
        self._reach = reach

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        changes, excepts = Permission.PEOPLE_CHANGE, Permission.SOD_EXCEPT
        routes.add(
            "POST", LIST, "join_subject", changes, self.join, body=JoinBody,
            parameters=[IDEMPOTENCY_KEY],
            answers={201: Answer("Joined.", JoinedView, {"Location": "Where it is.", **HEADERS})},
        )  # fmt: skip
        for path, name, may, handler, body in (
            ("move", "move_subject", changes, self.move, MoveBody),
            ("describe", "describe_subject", changes, self.describe, DescribeBody),
            ("attributes", "set_subject_attributes", changes, self.attribute, AttributesBody),
            ("sod-exceptions", "give_sod_exception", excepts, self.give_exception, ExceptionBody),
            (
                "sod-exceptions/withdraw", "withdraw_sod_exception", excepts,
                self.withdraw_exception, RuleBody,
            ),
        ):  # fmt: skip
            routes.add(
                "POST", f"{ONE}/{path}", name, may, handler, body=body,
                parameters=[IF_MATCH, IDEMPOTENCY_KEY], answers={200: CHANGED},
            )  # fmt: skip

    async def join(self, request: Request, caller: Caller) -> Response:
        """Let a person or service account join, or come back: with the default role only."""
        raw = await read_body(request)
        body = parse(JoinBody, raw)
        subject_id = body.id or uuid7()
        self._reach.of(caller).require(Permission.PEOPLE_CHANGE, subject_id)
        command = JoinSubject(
            body.kind, body.description(Description("")), uuid7(), "", body.place(NOWHERE),
            dict(body.attributes), is_id_new=body.id is None,
            reason=body.reason, ticket=body.ticket,
        )  # fmt: skip
        done = await self._changes.on_subject(
            Sent(request, caller, raw), "join_subject", subject_id, lambda _: command,
            made=subject_id,
        )  # fmt: skip
        answer = done.answer(201, id=done.made)
        answer.headers["Location"] = f"{LIST}/{done.made}"
        return answer

    async def move(self, request: Request, caller: Caller) -> Response:
        """Let somebody have another manager, department, teams, or owner of a service account."""
        raw = await read_body(request)
        body = parse(MoveBody, raw)
        return await self._run(
            Sent(request, caller, raw), "move_subject", Permission.PEOPLE_CHANGE,
            lambda book, one: MoveSubject(
                body.place(book.subject(one).place), body.reason, body.ticket
            ),
        )  # fmt: skip

    async def describe(self, request: Request, caller: Caller) -> Response:
        """Say anew who somebody is: names, e-mail addresses, identifiers."""
        raw = await read_body(request)
        body = parse(DescribeBody, raw)
        return await self._run(
            Sent(request, caller, raw), "describe_subject", Permission.PEOPLE_CHANGE,
            lambda book, one: DescribeSubject(body.description(description_of(book.subject(one)))),
        )  # fmt: skip

    async def attribute(self, request: Request, caller: Caller) -> Response:
        """Give attributes other values, which conditions of grants may ask for."""
        raw = await read_body(request)
        command = SetSubjectAttributes(dict(parse(AttributesBody, raw).values))
        return await self._run(
            Sent(request, caller, raw), "set_subject_attributes", Permission.PEOPLE_CHANGE,
            lambda _book, _one: command,
        )  # fmt: skip

    async def give_exception(self, request: Request, caller: Caller) -> Response:
        """Let somebody hold together, for a while, what a rule keeps apart."""
        raw = await read_body(request)
        body = parse(ExceptionBody, raw)
        command = GiveSodException(body.rule, body.until, body.reason)
        return await self._run(
            Sent(request, caller, raw), "give_sod_exception", Permission.SOD_EXCEPT,
            lambda _book, _one: command,
        )  # fmt: skip

    async def withdraw_exception(self, request: Request, caller: Caller) -> Response:
        """Let the rule hold for somebody again."""
        raw = await read_body(request)
        command = WithdrawSodException(parse(RuleBody, raw).rule)
        return await self._run(
            Sent(request, caller, raw), "withdraw_sod_exception", Permission.SOD_EXCEPT,
            lambda _book, _one: command,
        )  # fmt: skip

    async def _run(
        self,
        sent: Sent,
        operation: str,
        permission: Permission,
        asks: Callable[[Book, UUID], SubjectCommand],
    ) -> Response:
        subject_id = path_id(sent.request, "subject_id")
        self._reach.of(sent.caller).require(permission, subject_id)
        done = await self._changes.on_subject(
            sent, operation, subject_id, lambda book: asks(book, subject_id), is_as_read=True
        )
        return done.answer()
