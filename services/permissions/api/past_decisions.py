"""A decision of the log is asked again of the permissions of its time, and answers as it did."""

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.application.past import PastWorlds
from shared.authorization.asking_again import asked_again, is_as_told
from shared.authorization.noting import source_of
from shared.authorization.permissions import Permission
from shared.authorization.reasons import words
from shared.authorization.scopes import Clearance
from shared.errors import InvalidInputError
from shared.eventstore.decision_types import DecisionRecorded
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.recording import Access
from shared.web.routes import Routes

PATH = "/v1/explain/decisions"


class AskedAgainView(BaseModel):
    """What was decided, computed again from what was in force then."""

    is_as_recorded: bool = Field(
        description="Whether answer, reason, source, position and age are those of the record that"
        " was sent: then permissions as they were lead to them. It does not prove that this record"
        " was ever logged, for anybody can write one: that shows its event on daybook.access.v1."
    )
    allowed: bool
    reason_code: str
    reason: str
    grant_id: str | None = Field(description="The grant that allowed, denied or came nearest.")
    role: str | None = Field(description="The role that this grant gives, if it gives one.")
    rule: str | None = Field(description="The rule of separation of duties that stood against it.")
    as_of: str = Field(description="The clock that it was decided by.")
    epoch: int
    position: int = Field(description="The feed position of the permissions in force then.")


class PastDecisionRoutes:
    """The handler."""

    def __init__(self, past: PastWorlds) -> None:
        self._past = past

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "POST", PATH, "ask_decision_again", Permission.DECISIONS_READ, self.again,
            body=DecisionRecorded, access=Access(), everywhere=True,
            answers={200: Answer("The answer, computed again.", AskedAgainView)},
        )  # fmt: skip

    async def again(self, request: Request, _caller: Caller) -> Response:
        """Ask a decision of the log (DecisionRecorded, as it lies there) again.

        It is computed from the permissions as of its epoch and position, by the clock that it was
        decided by. One that left something out is refused (409), for it could be another. Whether
        the record was ever logged is not looked at: its event id on daybook.access.v1 shows that.
        """
        decision = parse(DecisionRecorded, await read_body(request))
        _refuse_what_no_log_says(decision)
        world = await self._past.at(decision.epoch, decision.position)
        answer = asked_again(world, decision)
        source = {"grant_id": None, "role": None, "rule": None} | source_of(answer)
        view = AskedAgainView(
            is_as_recorded=is_as_told(answer, decision),
            allowed=answer[0],
            reason_code=answer[1],
            reason=words(answer[1]).reason,
            as_of=decision.decided_at.isoformat(),
            epoch=decision.epoch,
            position=answer[3],
            **source,
        )
        return JsonAnswer(view)


def _refuse_what_no_log_says(decision: DecisionRecorded) -> None:
    if decision.position < 0:
        raise _wrong("position")
    if decision.decided_at.tzinfo is None:
        raise _wrong("decided_at")
    if decision.sensitivity not in {None, *Clearance}:
        raise _wrong("sensitivity")


def _wrong(field: str) -> InvalidInputError:
    return InvalidInputError(
        "this is no decision as it lies on the log",
        field=field,
        fix="send the value of a DecisionRecorded of daybook.access.v1 as it is",
    )
