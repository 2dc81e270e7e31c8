"""Routes of who left: whether each service refuses them, since when, and what was cut of theirs."""

from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.leaver_views import (
    LeaverPage,
    LeaverView,
    bound_of,
    listed,
    service_view,
    silent,
)
from services.permissions.api.paging import PAGING, Pages, query_of
from services.permissions.api.reach import Reach, Reached
from services.permissions.api.subject_bodies import listed_view
from services.permissions.application.leavers import GONE, Leavers, Left, expected
from services.permissions.application.policy_book import PolicyBook
from services.permissions.projections.leaving_records import LeavingRecords
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import NotFoundError
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller, Guard
from shared.web.queries import path_id
from shared.web.recording import Access
from shared.web.routes import Routes

LIST: Final = "/v1/leavers"
ONE: Final = "/v1/leavers/{subject_id}"


class LeaverRoutes:
    """The handlers of the routes."""

    def __init__(
        self,
        book: PolicyBook,
        guard: Guard,
        pages: Pages,
        leavers: Leavers,
        records: LeavingRecords,
        clock: Clock,
    ) -> None:
        self._book = book
        self._guard = guard
        self._reach = Reach(guard)
        self._pages = pages
        self._leavers = leavers
        self._records = records
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        reads = Permission.LEAVERS_READ
        routes.add(
            "GET", LIST, "list_leavers", reads, self.every, parameters=PAGING, access=Access(),
            answers={200: Answer("A page of those who left.", LeaverPage)},
        )  # fmt: skip
        routes.add(
            "GET", ONE, "get_leaver", reads, self.one, access=Access(target="subject_id"),
            answers={200: Answer("Who left, and who told that.", LeaverView)},
        )  # fmt: skip

    async def every(self, request: Request, caller: Caller) -> Response:
        """List who was suspended or left and is not back, the newest first: whom you may see."""
        await self._book.catch_up()
        reached, book = self._reach.of(caller), self._book.book
        ids = [
            one
            for one in self._book.ordered
            if book.subject(one).life in GONE
            and reached.may(Permission.LEAVERS_READ, one)
            and reached.may(Permission.PEOPLE_READ, one)
        ]
        query = query_of(request, f"{LIST} of {caller.subject}", ())
        after = self._pages.after(request, query)
        keyed = [((one.left_at.isoformat(), str(one.subject_id)), one)
                 for one in await self._leavers.of(ids)]  # fmt: skip
        rest = [one for one in keyed if not after or one[0] < after]
        return self._pages.page(
            request, query, rest, shown=lambda left: self._listed(left, reached)
        )

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read who left, and what each process told: since when it refuses, and what it cut.

        Milliseconds count from when the leaving was recorded. What nobody told is null; an
        expected service that told nothing stands in `not_told`. It lives: ask again for news.
        """
        subject_id = path_id(request, "subject_id")
        await self._book.catch_up()
        reached = self._reach.of(caller)
        left = await self._left(subject_id, reached)
        told = dict(await self._records.of(subject_id, left.left_at))
        basis, now = self._guard.decisions.basis(), self._clock.now()
        due = expected(basis.world, self._book.book) | {*self._records.sources}
        services = [
            service_view(name, told.get(name), left, now, is_expected=name in due)
            for name in sorted({*told, *due})
        ]
        view = {
            **self._listed(left, reached),
            "as_of": now,
            "permissions_age_seconds": round(basis.age, 3),
            "are_permissions_old": basis.age > basis.world.strictest,
            "bound": bound_of(basis.world.policy),
            "services": services,
            "not_told": silent(services),
        }
        return JsonAnswer(view, 200, {"Cache-Control": "no-store"})

    async def _left(self, subject_id: UUID, reached: Reached) -> Left:
        is_seen = all(
            reached.sees(one, subject_id)
            for one in (Permission.LEAVERS_READ, Permission.PEOPLE_READ)
        )
        if is_seen and self._book.book.subject(subject_id).life in GONE:
            for left in await self._leavers.of([subject_id]):
                return left
        raise NotFoundError(
            "nobody of this id has left",
            code="leaver-not-found",
            field="subject_id",
            fix="see who left with GET /v1/leavers; whoever is back or erased is not among them",
        )

    def _listed(self, left: Left, reached: Reached) -> dict[str, Any]:
        book, name = self._book.book, left.subject_id
        view = reached.view(Permission.PEOPLE_READ, name)
        version = self._book.version_of(f"subject-{name}")
        subject = listed_view(name, book.subject(name), view, version)
        actor = self._guard.decisions.basis().world.subjects.get(left.by)
        return listed(left, subject, None if actor is None else actor.kind)
