"""Routes that show people and service accounts, as far as the caller reaches and is cleared."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.grant_bodies import grant_view, request_view
from services.permissions.api.paging import PAGING, Keyed, Pages, later_ids, query_of
from services.permissions.api.reach import Reach, Reached
from services.permissions.api.subject_bodies import (
    SubjectPage,
    SubjectView,
    listed_view,
    subject_view,
)
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import Book
from services.permissions.domain.subject.life import must_be_there, no_such_subject
from services.permissions.domain.subject.state import Subject
from shared.authorization.fields import Outcome
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.queries import id_of, path_id, text
from shared.web.recording import Access
from shared.web.routes import Routes
from shared.web.versions import etag

LIST: Final = "/v1/subjects"
ONE: Final = "/v1/subjects/{subject_id}"
FILTERS: Final = (
    Parameter("q", "query", "Only whose name to show or to sign in with holds this."),
    Parameter("kind", "query", "Only person or service."),
    Parameter("life", "query", "Only active, suspended or left; unless said, whoever is there."),
    Parameter("department", "query", "Only in this department or below it."),
    Parameter("team", "query", "Only in this team, by its id.", UUID),
    Parameter("manager", "query", "Only who reports to this person, by id.", UUID),
    Parameter("owner", "query", "Only service accounts of this person, by id.", UUID),
    Parameter("role", "query", "Only who has been given this role, of whom you may see that."),
)
NAMES: Final = ("display_name", "user_name")


class SubjectLists:
    """The handlers of the routes."""

    def __init__(self, book: PolicyBook, reach: Reach, pages: Pages, clock: Clock) -> None:
        self._book = book
        self._reach = reach
        self._pages = pages
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        reads = Permission.PEOPLE_READ
        routes.add(
            "GET", LIST, "list_subjects", reads, self.every, parameters=[*FILTERS, *PAGING],
            access=Access(),
            answers={200: Answer("A page of people and service accounts.", SubjectPage)},
        )  # fmt: skip
        routes.add(
            "GET", ONE, "get_subject", reads, self.one, access=Access(target="subject_id"),
            answers={200: Answer("The subject.", SubjectView, {"ETag": "Its version."})},
        )  # fmt: skip

    async def every(self, request: Request, caller: Caller) -> Response:
        """List whomever the caller may see, by id.

        Asked for by something that the caller may not see of somebody, that person is not found.
        """
        wanted = _Wanted(request)
        await self._book.catch_up()
        query = query_of(request, f"{LIST} of {caller.subject}", (one.name for one in FILTERS))
        after = self._pages.after(request, query)
        book, reached = self._book.book.copy(), self._reach.of(caller)
        ids, versions = later_ids(self._book.ordered, after), self._book.versions

        def listed() -> Iterator[Keyed]:
            for subject_id, subject in _wanted_of(book, ids, wanted):
                if reached.may(Permission.PEOPLE_READ, subject_id) and wanted.is_shown(
                    subject_id, subject, reached
                ):
                    yield (str(subject_id),), (subject_id, subject)

        def shown(its: tuple[UUID, Subject]) -> dict[str, Any]:
            view = reached.view(Permission.PEOPLE_READ, its[0])
            return listed_view(*its, view, versions[f"subject-{its[0]}"])

        return await asyncio.to_thread(self._pages.page, request, query, listed(), shown=shown)

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read one person or service account, with grants and requests if the caller may."""
        subject_id = path_id(request, "subject_id")
        await self._book.catch_up()
        reached = self._reach.of(caller)
        if not reached.sees(Permission.PEOPLE_READ, subject_id):
            raise no_such_subject()
        subject = self._book.book.subject(subject_id)
        must_be_there(subject)
        version = self._book.version_of(f"subject-{subject_id}")
        view = reached.view(Permission.PEOPLE_READ, subject_id)
        told = subject_view(subject_id, subject, view, version)
        if reached.may(Permission.GRANTS_READ, subject_id):
            told |= self._given(subject_id, subject)
        headers = {"ETag": etag(version), "Cache-Control": "no-store"}
        return JsonAnswer(told, 200, headers)

    def _given(self, subject_id: UUID, subject: Subject) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "grants": [
                grant_view(subject_id, one, its, now, to_review=one in subject.to_review)
                for one, its in subject.grants.items()
            ],
            "requests": [
                request_view(subject_id, one, its) for one, its in subject.requests.items()
            ],
        }


class _Wanted:
    """Whom somebody asks for."""

    def __init__(self, request: Request) -> None:
        self._text = (text(request, "q", at_most=200) or "").casefold()
        self._life = text(request, "life", at_most=20)
        self._department = text(request, "department", at_most=500)
        self._role = text(request, "role", at_most=100)
        self._kind = text(request, "kind", at_most=20)
        self._team = id_of(request, "team")
        self._manager = id_of(request, "manager")
        self._owner = id_of(request, "owner")
        asked = {
            "life": self._life, "kind": self._kind, "department": self._department,
            "teams": self._team, "manager": self._manager, "owner": self._owner,
        }  # fmt: skip
        self._fields = tuple(field for field, value in asked.items() if value is not None)

    def wants(self, subject: Subject) -> bool:
        """Say whether this one is asked for."""
        lives = subject.life == self._life if self._life else subject.is_there
        return (
            lives
            and self._kind in (None, subject.kind)
            and self._is_placed(subject)
            and self._is_called(subject, NAMES)
            and (self._role is None or self._has_role(subject))
        )

    def is_shown(self, subject_id: UUID, subject: Subject, reached: Reached) -> bool:
        """Say whether the caller sees all of this person by which they are asked for."""
        if self._role is not None and not reached.may(Permission.GRANTS_READ, subject_id):
            return False
        if not self._fields and not self._text:
            return True
        view = reached.view(Permission.PEOPLE_READ, subject_id)
        shown = [name for name in NAMES if view.outcome(name) is Outcome.SHOW]
        return self._is_called(subject, shown) and all(
            view.outcome(field) is Outcome.SHOW for field in self._fields
        )

    def _is_placed(self, subject: Subject) -> bool:
        place = subject.place
        wanted, its = self._department, place.department or ""
        return (
            (wanted is None or its == wanted or its.startswith(f"{wanted}/"))
            and (self._team is None or self._team in place.teams)
            and self._manager in (None, place.manager)
            and self._owner in (None, place.owner)
        )

    def _is_called(self, subject: Subject, names: Sequence[str]) -> bool:
        called = [getattr(subject, name) or "" for name in names] if self._text else [""]
        return any(self._text in name.casefold() for name in called)

    def _has_role(self, subject: Subject) -> bool:
        return any(grant.terms.role == self._role for grant in subject.grants.values())


def _wanted_of(book: Book, ids: Iterable[UUID], wanted: _Wanted) -> Iterator[tuple[UUID, Subject]]:
    for subject_id in ids:
        subject = book.subject(subject_id)
        if wanted.wants(subject):
            yield subject_id, subject
