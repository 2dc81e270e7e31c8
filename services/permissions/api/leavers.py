"""Routes of who left: whether each service refuses them, since when, and what was cut of theirs."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.leaver_views import (
    Asked,
    LeaverPage,
    LeaverView,
    bound_of,
    listed,
    sees_every_owner,
    service_view,
    shows,
    silent,
)
from services.permissions.api.paging import PAGING, Key, Pages, query_of
from services.permissions.api.reach import Reach, Reached
from services.permissions.api.subject_bodies import listed_view
from services.permissions.application.leavers import Left, Since, expected
from services.permissions.application.policy_book import PolicyBook
from services.permissions.projections.leaving_records import LeavingRecords
from shared.authorization.permissions import Permission
from shared.authorization.world import World
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
        records: LeavingRecords,
        clock: Clock,
    ) -> None:
        self._book = book
        self._guard = guard
        self._reach = Reach(guard)
        self._pages = pages
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
        reached = self._reach.of(caller)
        query = query_of(request, f"{LIST} of {caller.subject}", ())
        before = _since(self._pages.after(request, query))
        keyed = (
            ((one.left_at.isoformat(), str(one.subject_id)), one)
            for one in self._book.leavers.newest_first(before)
            if reached.may(Permission.LEAVERS_READ, one.subject_id)
            and _is_seen_to_be_gone(reached, one)
        )
        return self._pages.page(
            request, query, keyed, shown=lambda left: self._listed(left, reached)
        )

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read who left, and what each process told: since when it refuses, and what it cut.

        Milliseconds count from when the leaving was recorded. What nobody told is null; an
        expected service that told nothing stands in `not_told`. It lives: ask again for news.
        """
        subject_id = path_id(request, "subject_id")
        await self._book.catch_up()
        reached = self._reach.of(caller)
        left = self._left(subject_id, reached)
        told = dict(await self._records.of(subject_id, left.left_at))
        basis, now = self._guard.decisions.basis(), self._clock.now()
        due = self._expected(basis.world, reached)
        asked = Asked(left, now, reached, sees_every_owner(reached, basis.world))
        services = [
            service_view(name, told.get(name), asked, is_expected=name in due)
            for name in sorted({*told, *due})
        ]
        view = {
            **self._listed(left, reached),
            **_why(left, reached),
            "as_of": now,
            "permissions_age_seconds": round(basis.age, 3),
            "are_permissions_old": basis.age > basis.world.strictest,
            "bound": bound_of(basis.world.policy),
            "services": services,
            "not_told": silent(services),
        }
        return JsonAnswer(view, 200, {"Cache-Control": "no-store"})

    def _expected(self, world: World, reached: Reached) -> set[str]:
        """Return who has to tell: Daybook's own, and accounts by the names that the caller sees."""
        own = self._records.sources
        named = expected(world, self._book.book).items()
        return {*own} | {
            name if name in own or shows(reached, one, "user_name") else str(one)
            for one, name in named
        }

    def _left(self, subject_id: UUID, reached: Reached) -> Left:
        is_seen = all(
            reached.sees(one, subject_id)
            for one in (Permission.LEAVERS_READ, Permission.PEOPLE_READ)
        )
        left = self._book.leavers.of(subject_id)
        if is_seen and left is not None and _is_seen_to_be_gone(reached, left):
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
        is_shown = actor is not None and shows(reached, UUID(left.by), "kind")
        return listed(left, subject, actor.kind if actor is not None and is_shown else None)


def _is_seen_to_be_gone(reached: Reached, left: Left) -> bool:
    """Say whether the caller sees that somebody is not there any more."""
    return shows(reached, left.subject_id, "life")


def _why(left: Left, reached: Reached) -> dict[str, str]:
    """Return why somebody left, if it is known and the caller sees it."""
    said = {"reason": left.reason, "ticket": left.ticket}
    is_shown = shows(reached, left.subject_id, "reason")
    return {name: value for name, value in said.items() if is_shown and value is not None}


def _since(after: Key) -> Since | None:
    return (datetime.fromisoformat(after[0]), after[1]) if after else None
