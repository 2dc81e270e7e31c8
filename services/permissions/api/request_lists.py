"""Routes that show requests: the own ones, those that wait for the caller, what would help."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from services.permissions.api.grant_bodies import terms_view
from services.permissions.api.paging import PAGING, Keyed, Pages, later_ids, query_of
from services.permissions.api.reach import Reach, Reached
from services.permissions.api.request_views import (
    Helpers,
    Known,
    OptionList,
    RequestPage,
    asked_by,
    known_requests,
    known_view,
    state_of_request,
)
from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.record_reach import RecordReach
from services.permissions.domain.authority import level_of_terms
from services.permissions.domain.book import Asking, Book, OnSubject
from services.permissions.domain.deciding import step
from services.permissions.domain.helping import least_roles, least_terms, would_be_taken
from services.permissions.domain.subject.commands import RequestGrant
from services.permissions.domain.subject.state import GrantRequest, Subject, Terms
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import InvalidInputError
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.queries import text, yes_or_no
from shared.web.recording import Access
from shared.web.routes import Routes

REQUESTS: Final = "/v1/requests"
OPTIONS: Final = "/v1/requests/options"
APPROVALS: Final = "/v1/approvals"
MINE: Final = Parameter("mine", "query", "true: for the caller, or made by the caller.", bool)
STATE: Final = Parameter("state", "query", "Only open, approved, refused or withdrawn ones.")
WANTED: Final = (
    Parameter("permission", "query", "What was refused, for example customer:export."),
    Parameter("record_id", "query", "The record that was refused, if it was one."),
)


class RequestLists:
    """The handlers of the routes."""

    def __init__(
        self,
        book: PolicyBook,
        reach: Reach,
        pages: Pages,
        helpers: Helpers,
        records: RecordReach,
        clock: Clock,
    ) -> None:
        self._book = book
        self._reach = reach
        self._pages = pages
        self._helpers = helpers
        self._records = records
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        page = {200: Answer("A page of requests.", RequestPage)}
        routes.add(
            "GET", REQUESTS, "list_requests", Permission.GRANTS_READ, self.every,
            parameters=[MINE, STATE, *PAGING], answers=page, access=Access(),
        )  # fmt: skip
        routes.add(
            "GET", OPTIONS, "list_options", Permission.GRANTS_REQUEST, self.options,
            parameters=WANTED, access=Access(),
            answers={200: Answer("What would help, the least first.", OptionList)},
        )  # fmt: skip
        routes.add(
            "GET", APPROVALS, "list_approvals", Permission.GRANTS_APPROVE, self.waiting,
            parameters=PAGING, answers=page, access=Access(),
        )  # fmt: skip

    async def every(self, request: Request, caller: Caller) -> Response:
        """List requests of whomever the caller reaches, or the own ones with who can approve."""
        await self._book.catch_up()
        is_mine, state = yes_or_no(request, "mine"), text(request, "state", at_most=20)
        query = query_of(request, f"{REQUESTS} of {caller.subject}", ("mine", "state"))
        after = self._pages.after(request, query)
        book, reached, now = self._book.book.copy(), self._reach.of(caller), self._clock.now()
        ids = later_ids(self._book.ordered, after[:1], is_inclusive=True)

        def listed() -> Iterator[Keyed]:
            for subject_id, subject, request_id, known in _known(book, ids):
                key = (str(subject_id), str(request_id))
                is_own = caller.subject in (str(subject_id), asked_by(known))
                is_seen = is_own or (
                    not is_mine and reached.may(Permission.GRANTS_READ, subject_id)
                )
                if key > after and is_seen and state in (None, state_of_request(known, now)):
                    yield key, (subject_id, subject, request_id, known)

        def shown(its: tuple[UUID, Subject, UUID, Known]) -> dict[str, Any]:
            told = known_view(*its, at=now)
            if is_mine and isinstance(its[3], GrantRequest):
                told |= self._helpers.approvers(book, its[0], its[2], reached)
            return told

        return await asyncio.to_thread(self._pages.page, request, query, listed(), shown=shown)

    async def waiting(self, request: Request, caller: Caller) -> Response:
        """List what waits for the caller: requests that the caller could approve now."""
        await self._book.catch_up()
        query = f"{APPROVALS} of {caller.subject}"
        after = self._pages.after(request, query)
        book, reached = self._book.book.copy(), self._reach.of(caller)
        ids, now = later_ids(self._book.ordered, after[:1], is_inclusive=True), self._clock.now()

        def listed() -> Iterator[Keyed]:
            for subject_id, subject, request_id, known in _known(book, ids):
                key = (str(subject_id), str(request_id))
                if (
                    key > after
                    and isinstance(known, GrantRequest)
                    and reached.may_approve(subject_id, known.asked_by)
                    and would_be_taken(book, subject_id, request_id, UUID(caller.subject), now)
                ):
                    yield key, (subject_id, subject, request_id, known, now)

        return await asyncio.to_thread(
            self._pages.page, request, query, listed(), shown=lambda its: known_view(*its)
        )

    async def options(self, request: Request, caller: Caller) -> Response:
        """Tell what would help after a refusal, the least first, and who could approve it."""
        permission = text(request, "permission", at_most=100)
        record_id = text(request, "record_id", at_most=100)
        if permission is None:
            raise InvalidInputError(
                "It must be said what was refused.",
                field="permission",
                fix="Send the permission of the refusal, for example permission=customer:export.",
            )
        await self._book.catch_up()
        book, reached = self._book.book.copy(), self._reach.of(caller)
        lies = await self._records.scope(reached.rights, caller.subject, permission, record_id)
        least = least_terms(book.policy, permission, record_id, lies)
        items = await asyncio.to_thread(self._options, book, reached, least)
        return JsonAnswer({"items": items}, 200, {"Cache-Control": "no-store"})

    def _options(self, book: Book, reached: Reached, least: Terms) -> list[dict[str, Any]]:
        asking = Asking(reached.caller, self._clock.now())
        own, found = UUID(reached.caller), []
        roles = [Terms(role=name) for name in least_roles(book.policy, book.subject(own), least)]
        for terms in (least, *roles):
            if_asked, request_id = book.copy(), uuid7()
            step(if_asked, OnSubject(own, RequestGrant(request_id, terms)), asking)
            told = terms_view(request_id, terms)
            told.pop("id")
            told["level"] = level_of_terms(book, terms)
            can = self._helpers.approvers(if_asked, own, request_id, reached)
            told["approvers"] = can["approvers"]
            found.append(told)
        return found


def _known(book: Book, ids: Iterable[UUID]) -> Iterator[tuple[UUID, Subject, UUID, Known]]:
    for subject_id in ids:
        subject = book.subject(subject_id)
        if subject.requests or subject.refused or subject.grants:
            for request_id, known in sorted(known_requests(subject).items()):
                yield subject_id, subject, request_id, known
