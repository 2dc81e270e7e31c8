"""Routes of acting as somebody else: begun for a reason, ended, and listed for whom it concerns."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from services.permissions.api.changes import HEADERS, Changes, Sent
from services.permissions.api.grant_bodies import Reason
from services.permissions.api.paging import PAGING, Keyed, Pages, query_of
from services.permissions.api.reach import Reach
from services.permissions.domain.book import Book
from services.permissions.domain.subject.acting import no_such_acting
from services.permissions.domain.subject.commands import BeginActing, EndActing
from services.permissions.domain.subject.state import Acting
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.given import Given
from shared.web.answers import Answer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, Parameter
from shared.web.queries import id_of, yes_or_no
from shared.web.recording import Access
from shared.web.routes import Routes

LIST: Final = "/v1/acting"
FILTERS: Final = (
    Parameter("subject_id", "query", "Only where this person acts, or is acted as.", UUID),
    Parameter("in_force", "query", "true: only what lasts now.", bool),
)


class ActBody(Given):
    """As whom the caller will act, how long, and why."""

    subject_id: UUID = Field(description="As whom.")
    until: AwareDatetime = Field(description="Exclusive; an hour from now at the latest.")
    reason: Reason


class EndBody(Given):
    """What ends."""

    acting_id: UUID


class ActingDone(BaseModel):
    """What `Daybook-Acting-As` names, and who acts as whom."""

    acting_id: UUID
    actor_id: UUID
    subject_id: UUID
    version: int


class ActingView(BaseModel):
    """Who acts as whom, or did within ninety days; `reason` is null where nobody can read it."""

    acting_id: UUID
    actor_id: UUID
    subject_id: UUID
    since: datetime
    until: datetime
    state: Literal["in_force", "over"]
    reason: str | None
    ended_by: str | None


class ActingPage(BaseModel):
    """A page of them, by who acts, the first first."""

    items: list[ActingView]
    next_page_token: str | None


_Known = tuple[UUID, UUID, Acting]
"""Who acts, its id, and as whom."""


class ActingRoutes:
    """The handlers of the routes."""

    def __init__(self, changes: Changes, reach: Reach, pages: Pages, clock: Clock) -> None:
        self._changes = changes
        self._reach = reach
        self._pages = pages
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        acts, done = Permission.PEOPLE_ACT_AS, {200: Answer("Done.", ActingDone, HEADERS)}
        routes.add(
            "POST", LIST, "begin_acting", acts, self.begin, body=ActBody,
            parameters=[IDEMPOTENCY_KEY], answers=done,
        )  # fmt: skip
        routes.add(
            "POST", f"{LIST}/end", "end_acting", acts, self.end, body=EndBody,
            parameters=[IDEMPOTENCY_KEY], answers=done,
        )  # fmt: skip
        routes.add(
            "GET", LIST, "list_acting", Permission.GRANTS_READ, self.every,
            parameters=[*FILTERS, *PAGING], access=Access(),
            answers={200: Answer("Who acts as whom, or did.", ActingPage)},
        )  # fmt: skip

    async def begin(self, request: Request, caller: Caller) -> Response:
        """Act as somebody else for an hour at most: see what they see, do what they may.

        Every service takes `acting_id` in the header `Daybook-Acting-As` of the caller's own
        requests then. Nobody whose level is higher is acted as, and nothing that changes rights is
        done so. It ends by itself; both are on record with everything that is done.
        """
        raw = await read_body(request)
        body = parse(ActBody, raw)
        self._reach.of(caller).require(Permission.PEOPLE_ACT_AS, body.subject_id)
        actor, acting_id = UUID(caller.subject), uuid7()
        command = BeginActing(acting_id, body.subject_id, body.until, body.reason)
        done = await self._changes.on_subject(
            Sent(request, caller, raw), "begin_acting", actor, lambda _: command, made=acting_id
        )
        return done.answer(
            acting_id=done.made, actor_id=str(actor), subject_id=str(body.subject_id)
        )

    async def end(self, request: Request, caller: Caller) -> Response:
        """End it before its time; also somebody else's, if the caller could act as that person."""
        raw = await read_body(request)
        body = parse(EndBody, raw)
        await self._changes.book.catch_up()
        known = _every(self._changes.book.book)
        actor, _, its = next((one for one in known if one[1] == body.acting_id), _NOBODY)
        if actor is None or its is None:
            raise no_such_acting()
        self._reach.of(caller).require(Permission.PEOPLE_ACT_AS, its.target)
        command = EndActing(body.acting_id)
        done = await self._changes.on_subject(
            Sent(request, caller, raw), "end_acting", actor, lambda _: command, made=body.acting_id
        )
        return done.answer(acting_id=done.made, actor_id=str(actor), subject_id=str(its.target))

    async def every(self, request: Request, caller: Caller) -> Response:
        """List who acts as whom, and did within ninety days: everybody sees who acted as them.

        Others are listed where the caller may see the grants of one of the two.
        """
        subject_id, only_now = id_of(request, "subject_id"), yes_or_no(request, "in_force")
        await self._changes.book.catch_up()
        query = query_of(request, f"{LIST} of {caller.subject}", (one.name for one in FILTERS))
        after = self._pages.after(request, query)
        reached, at = self._reach.of(caller), self._clock.now()

        def listed() -> Iterator[Keyed]:
            for known in sorted(_every(self._changes.book.book), key=_key):
                both = (known[0], known[2].target)
                is_asked = subject_id is None or subject_id in both
                if _key(known) <= after or not is_asked:
                    continue
                if only_now and not known[2].is_in_force(at):
                    continue
                if any(reached.may(Permission.GRANTS_READ, one) for one in both):
                    yield _key(known), known

        return self._pages.page(request, query, listed(), shown=lambda known: _view(known, at))


_NOBODY: Final = (None, None, None)


def _every(book: Book) -> Iterator[_Known]:
    for actor, subject in book.subjects.items():
        for acting_id, its in subject.acting.items():
            yield actor, acting_id, its


def _key(known: _Known) -> tuple[str, str]:
    return str(known[0]), str(known[1])


def _view(known: _Known, at: datetime) -> Mapping[str, Any]:
    actor, acting_id, its = known
    return {
        "acting_id": str(acting_id),
        "actor_id": str(actor),
        "subject_id": str(its.target),
        "since": its.since,
        "until": its.until,
        "state": "in_force" if its.is_in_force(at) else "over",
        "reason": its.reason,
        "ended_by": its.ended_by,
    }
