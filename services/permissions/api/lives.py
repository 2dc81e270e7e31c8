"""Routes of what happens to people: suspended for a while, there again, gone for good."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.changes import CHANGED, Changes, Sent
from services.permissions.api.grant_bodies import WhyBody
from services.permissions.api.reach import Reach
from services.permissions.domain.subject.commands import (
    DistrustCaller,
    LetSubjectLeave,
    ReinstateSubject,
    SubjectCommand,
    SuspendSubject,
    TrustCaller,
)
from shared.authorization.permissions import Permission
from shared.web.bodies import parse, read_body_if_any
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH
from shared.web.queries import path_id
from shared.web.routes import Handler, Routes

Explained = type[SuspendSubject] | type[ReinstateSubject] | type[LetSubjectLeave]
EXPLAINED: Final[Mapping[str, Explained]] = {
    "suspend": SuspendSubject,
    "reinstate": ReinstateSubject,
    "leave": LetSubjectLeave,
}
PLAIN: Final[Mapping[str, SubjectCommand]] = {"trust": TrustCaller(), "distrust": DistrustCaller()}
MEANINGS: Final = {
    "suspend": "Let somebody do nothing until reinstated; every grant stays.",
    "reinstate": "Let somebody suspended do again what their grants say.",
    "leave": "End everything somebody may do, for good; accounts that they own are suspended.",
    "trust": "Let count what this caller says of subjects when it asks who may do what.",
    "distrust": "Let count no longer what this caller says of subjects.",
}


class LifeRoutes:
    """The handlers of the routes."""

    def __init__(self, changes: Changes, reach: Reach) -> None:
        self._changes = changes
        self._reach = reach

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        for verb in (*EXPLAINED, *PLAIN):
            routes.add(
                "POST", f"/v1/subjects/{{subject_id}}/{verb}", f"{verb}_subject",
                Permission.PEOPLE_CHANGE, self._handler(verb),
                body=WhyBody | None if verb in EXPLAINED else None,
                parameters=[IF_MATCH, IDEMPOTENCY_KEY],
                answers={200: CHANGED},
            )  # fmt: skip

    def _handler(self, verb: str) -> Handler:
        async def handle(request: Request, caller: Caller) -> Response:
            return await self._run(request, caller, verb)

        handle.__doc__ = MEANINGS[verb]
        return handle

    async def _run(self, request: Request, caller: Caller, verb: str) -> Response:
        subject_id = path_id(request, "subject_id")
        raw, command = b"", PLAIN.get(verb)
        if command is None:
            raw = await read_body_if_any(request)
            why = parse(WhyBody, raw) if raw else WhyBody()
            command = EXPLAINED[verb](why.reason, why.ticket)
        self._reach.of(caller).require(Permission.PEOPLE_CHANGE, subject_id)
        done = await self._changes.on_subject(
            Sent(request, caller, raw), verb, subject_id, lambda _: command, is_as_read=True
        )
        return done.answer()
