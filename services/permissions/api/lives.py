"""Routes of what happens to people: suspended for a while, there again, gone for good."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.application.commands import PermissionCommands
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import Asking, OnSubject
from services.permissions.domain.deciding import decide
from services.permissions.domain.subject.commands import (
    LetSubjectLeave,
    ReinstateSubject,
    SubjectCommand,
    SuspendSubject,
)
from shared.authorization.permissions import Permission
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH
from shared.web.idempotency import remembering
from shared.web.queries import path_id
from shared.web.routes import Handler, Routes
from shared.web.versions import etag, version_of_if_match

COMMANDS: Final[Mapping[str, SubjectCommand]] = {
    "suspend": SuspendSubject(),
    "reinstate": ReinstateSubject(),
    "leave": LetSubjectLeave(),
}
MEANINGS: Final = {
    "suspend": "Let somebody do nothing until reinstated; every grant stays.",
    "reinstate": "Let somebody suspended do again what their grants say.",
    "leave": "End everything somebody may do, for good; accounts that they own are suspended.",
}
HEADERS: Final = {
    "ETag": "The subject's version.",
    "Daybook-Token": "The place of the change in the log; absent if nothing changed.",
    "Idempotency-Replayed": "true if this is the first answer again.",
}


class LivedView(BaseModel):
    """The version of the subject after it."""

    version: int


class LifeRoutes:
    """The handlers of the routes."""

    def __init__(self, commands: PermissionCommands, book: PolicyBook, secret: bytes) -> None:
        self._commands = commands
        self._book = book
        self._secret = secret

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        for verb in COMMANDS:
            routes.add(
                "POST", f"/v1/subjects/{{subject_id}}/{verb}", f"{verb}_subject",
                Permission.PEOPLE_CHANGE, self._handler(verb),
                parameters=[IF_MATCH, IDEMPOTENCY_KEY],
                answers={200: Answer("Done.", LivedView, HEADERS)},
            )  # fmt: skip

    def _handler(self, verb: str) -> Handler:
        async def handle(request: Request, caller: Caller) -> Response:
            return await self._run(request, caller, verb)

        handle.__doc__ = MEANINGS[verb]
        return handle

    async def _run(self, request: Request, caller: Caller, verb: str) -> Response:
        subject_id = path_id(request, "subject_id")
        stream = f"subject-{subject_id}"
        asked = [OnSubject(subject_id, COMMANDS[verb])]
        outcome = await self._commands.run(
            lambda book, at: decide(book, asked, Asking(caller.subject, at)),
            by=caller.subject,
            expected={stream: version_of_if_match(request)},
            remember=remembering(request, caller, b"", self._secret, status=200, route=verb),
        )
        version = self._book.version_of(stream)
        headers: dict[str, str] = {}
        if outcome.answered is not None:
            version, headers = outcome.answered.version, {"Idempotency-Replayed": "true"}
        if outcome.token is not None:
            headers["Daybook-Token"] = str(outcome.token)
        return JsonAnswer({"version": version}, 200, {"ETag": etag(version), **headers})
