"""Routes that list who was given what, and what was taken in an emergency and waits for review."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.grant_bodies import GrantPage, grant_view, state_of
from services.permissions.api.paging import PAGING, Keyed, Pages, later_ids, query_of
from services.permissions.api.reach import Reach
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import Book
from services.permissions.domain.subject.state import Grant, Subject, Terms
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.web.answers import Answer
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.queries import id_of, moment, text, yes_or_no
from shared.web.recording import Access
from shared.web.routes import Routes

LIST: Final = "/v1/grants"
FILTERS: Final = (
    Parameter("subject_id", "query", "Only of this person or service account.", UUID),
    Parameter("role", "query", "Only of this role."),
    Parameter("permission", "query", "Only of this single permission."),
    Parameter("state", "query", "Only in_force, not_yet or over."),
    Parameter("ends_before", "query", "Only those that end before this time.", datetime),
    Parameter("to_review", "query", "true: only emergencies that nobody looked at yet.", bool),
)
GONE: Final = Grant(Terms(), is_break_glass=True)
"""An emergency that is to be reviewed though its grant was revoked, or its holder left."""


class GrantLists:
    """The handlers of the routes."""

    def __init__(self, book: PolicyBook, reach: Reach, pages: Pages, clock: Clock) -> None:
        self._book = book
        self._reach = reach
        self._pages = pages
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", LIST, "list_grants", Permission.GRANTS_READ, self.every,
            parameters=[*FILTERS, *PAGING], access=Access(),
            answers={200: Answer("A page of grants.", GrantPage)},
        )  # fmt: skip

    async def every(self, request: Request, caller: Caller) -> Response:
        """List the grants of whomever the caller reaches, person by person.

        Of each holder the names that the caller may see.
        """
        wanted = _Wanted(request, self._clock.now())
        await self._book.catch_up()
        query = query_of(request, f"{LIST} of {caller.subject}", (one.name for one in FILTERS))
        after = self._pages.after(request, query)
        book, reached = self._book.book.copy(), self._reach.of(caller)
        ids = [wanted.subject_id] if wanted.subject_id else self._book.ordered
        ids = later_ids(ids, after[:1], is_inclusive=True)

        def listed() -> Iterator[Keyed]:
            for subject_id, subject, grant_id, grant in _given(book, ids, wanted):
                key = (str(subject_id), str(grant_id))
                if key > after and reached.may(Permission.GRANTS_READ, subject_id):
                    yield key, (subject_id, subject, grant_id, grant)

        def shown(its: tuple[UUID, Subject, UUID, Grant]) -> dict[str, Any]:
            subject_id, subject, grant_id, grant = its
            waits = grant_id in subject.to_review
            told = grant_view(subject_id, grant_id, grant, wanted.at, to_review=waits)
            names = {"display_name": subject.display_name, "user_name": subject.user_name}
            return told | reached.view(Permission.PEOPLE_READ, subject_id).seen(names)

        return await asyncio.to_thread(self._pages.page, request, query, listed(), shown=shown)


class _Wanted:
    """Which grants somebody asks for."""

    def __init__(self, request: Request, at: datetime) -> None:
        self.at = at
        self.subject_id = id_of(request, "subject_id")
        self.to_review = yes_or_no(request, "to_review")
        self._role = text(request, "role", at_most=100)
        self._permission = text(request, "permission", at_most=100)
        self._state = text(request, "state", at_most=20)
        self._ends_before = moment(request, "ends_before")

    def wants(self, terms: Terms) -> bool:
        """Say whether a grant of these terms is asked for."""
        end = self._ends_before
        return (
            self._role in (None, terms.role)
            and self._permission in (None, terms.permission)
            and self._state in (None, state_of(terms, self.at))
            and (end is None or (terms.until is not None and terms.until < end))
        )


def _given(
    book: Book, ids: Iterable[UUID], wanted: _Wanted
) -> Iterator[tuple[UUID, Subject, UUID, Grant]]:
    for subject_id in ids:
        subject = book.subject(subject_id)
        every = {**dict.fromkeys(subject.to_review, GONE), **subject.grants}
        for grant_id in sorted(every):
            is_asked = not wanted.to_review or grant_id in subject.to_review
            if is_asked and wanted.wants(every[grant_id].terms):
                yield subject_id, subject, grant_id, every[grant_id]
