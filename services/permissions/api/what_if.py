"""A route that tells who would gain and who would lose what, before anything is changed."""

import asyncio
from typing import Any, Final

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.changes_told import ChangeView, changes_told
from services.permissions.api.reach import Reach
from services.permissions.api.what_if_bodies import WhatIfBody
from services.permissions.application.books_of_time import BookOfTime, BooksOfTime
from services.permissions.application.policy_files import foreseen
from services.permissions.domain.book import Asking
from services.permissions.domain.what_if import SubjectChange, WhatIf, what_if
from shared.authorization.permissions import Permission
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.recording import Access
from shared.web.routes import Routes

MOST_PEOPLE: Final = 200


class RefusedView(BaseModel):
    """Why the caller could not do this."""

    code: str
    detail: str
    who_can_help: str | None


class WhatIfView(BaseModel):
    """What would happen, or would have happened then; nothing did."""

    as_of: str = Field(description="The moment that it is computed for.")
    epoch: int
    position: int | None = Field(
        description="The feed position of the last change of permissions that it is computed from;"
        " null: so new that it has none yet."
    )
    people: int = Field(description="How many people and service accounts gain or lose something.")
    changes: list[ChangeView] = Field(description=f"Of the first {MOST_PEOPLE} of them.")
    needs_second_person: list[str]
    refused: RefusedView | None = Field(description="Why the caller could not do it.")


class WhatIfRoutes:
    """The handler of the route."""

    def __init__(self, books: BooksOfTime, reach: Reach) -> None:
        self._books = books
        self._reach = reach

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "POST", "/v1/what-if", "ask_what_if", Permission.WHAT_IF_ASK, self.ask,
            body=WhatIfBody, access=Access(),
            answers={200: Answer("What would happen.", WhatIfView)}, everywhere=True,
        )  # fmt: skip

    async def ask(self, request: Request, caller: Caller) -> Response:
        """Tell who would gain and who would lose what by a change, without making it.

        Told also where the caller could not do it, or where somebody else must agree. As of a past
        moment it is computed from what was in force then; whom the caller may be told of is
        decided by their rights of today.
        """
        body = parse(WhatIfBody, await read_body(request))
        reached = self._reach.of(caller)
        its = await self._books.of(body.as_of)
        found = await asyncio.to_thread(_found, body, its, caller.subject)
        seen = [one for one in found.changes if reached.may(Permission.WHAT_IF_ASK, one.subject_id)]
        moment = {"as_of": its.at.isoformat(), "epoch": its.epoch, "position": its.position}
        return JsonAnswer(moment | _told(seen, found))


def _found(body: WhatIfBody, its: BookOfTime, by: str) -> WhatIf:
    if body.file is not None:
        return foreseen(its.book, body.file, by=by, at=its.at)
    asked = [one.asked(its.book) for one in body.commands or ()]
    return what_if(its.book, asked, Asking(by, its.at))


def _told(seen: list[SubjectChange], found: WhatIf) -> dict[str, Any]:
    refused = found.refusal
    why = None if refused is None else {
        "code": refused.problem_code, "detail": refused.detail,
        "who_can_help": refused.who_can_help,
    }  # fmt: skip
    return {
        "people": len(seen),
        "changes": changes_told(seen[:MOST_PEOPLE], found.after),
        "needs_second_person": [one.what for one in found.dangers],
        "refused": why,
    }
