"""A route that tells who would gain and who would lose what, before anything is changed."""

import asyncio
from typing import Any, Final

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.changes_told import ChangeView, changes_told
from services.permissions.api.reach import Reach
from services.permissions.api.what_if_bodies import WhatIfBody
from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.policy_files import PolicyFiles
from services.permissions.domain.book import Asking
from services.permissions.domain.what_if import SubjectChange, WhatIf, what_if
from shared.authorization.permissions import Permission
from shared.clock import Clock
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
    """What would happen; nothing did."""

    people: int = Field(description="How many people and service accounts gain or lose something.")
    changes: list[ChangeView] = Field(description=f"Of the first {MOST_PEOPLE} of them.")
    needs_second_person: list[str]
    refused: RefusedView | None = Field(description="Why the caller could not do it.")


class WhatIfRoutes:
    """The handler of the route."""

    def __init__(self, book: PolicyBook, files: PolicyFiles, reach: Reach, clock: Clock) -> None:
        self._book = book
        self._files = files
        self._reach = reach
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "POST", "/v1/what-if", "ask_what_if", Permission.WHAT_IF_ASK, self.ask,
            body=WhatIfBody, access=Access(),
            answers={200: Answer("What would happen.", WhatIfView)}, everywhere=True,
        )  # fmt: skip

    async def ask(self, request: Request, caller: Caller) -> Response:
        """Tell who would gain and who would lose what by a change, without making it.

        Told also where the caller could not do it, or where somebody else must agree.
        """
        body = parse(WhatIfBody, await read_body(request))
        reached = self._reach.of(caller)
        if body.file is not None:
            found = await self._files.foresee(body.file, by=caller.subject)
        else:
            await self._book.catch_up()
            book, asking = self._book.book.copy(), Asking(caller.subject, self._clock.now())
            asked = [one.asked(book) for one in body.commands or ()]
            found = await asyncio.to_thread(what_if, book, asked, asking)
        seen = [one for one in found.changes if reached.may(Permission.WHAT_IF_ASK, one.subject_id)]
        return JsonAnswer(_told(seen, found))


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
