"""Routes that explain: why, why not and who could help, who can reach a record; now or then.

What is asked is in the body, for a user name or an e-mail address must not be in an address.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.explanation_views import by_view, name_view, record_view, why_view
from services.permissions.application.explaining import Explainer, Ground
from services.permissions.application.questions import Entity
from services.permissions.application.resources import sensitivity_of
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.errors import NotFoundError
from shared.given import Given
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller, Guard
from shared.web.pages import PageTokens
from shared.web.recording import Access
from shared.web.routes import Routes

WHY: Final = "/v1/explain"
WHO: Final = "/v1/explain/who"
_MAY: Final = Permission.EXPLANATIONS_READ
_LONGEST: Final = 1_000
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST)]
Asked = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}:[a-z][a-z0-9_]{0,39}$")]
PERSONAL_OF_NOW: Final = Field(
    description="true: of a past moment, but conditions on subject.email, subject.emails and"
    " subject.user_name were looked at as these are now."
)


class WhyBody(Given):
    """May this subject do this, and why?"""

    subject: Name | None = Field(
        None, description="By id, identifier, user name or e-mail address; absent: whoever asks."
    )
    permission: Asked = Field(examples=["customer:read"])
    record: Name | None = Field(None, description="The id of a record; absent: any record at all.")
    as_of: AwareDatetime | None = Field(None, description="A past moment; absent: now.")


class WhoBody(Given):
    """Who may do this to the record?"""

    permission: Asked = Field(examples=["customer:read"])
    record: Name
    as_of: AwareDatetime | None = Field(None, description="A past moment; absent: now.")
    page_size: int = Field(50, ge=1, le=200)
    page_token: str | None = None


class WhyView(BaseModel):
    """The answer, the moment that it is computed for, what it was made of and what would mend it.

    `record.known`: as_it_is · as_it_was (at that moment) · not_known (nobody's, and as secret as
    can be) · withheld (whoever asks may not see it; `record.needs` and `record.who_may_see` say
    who may) · not_asked. People are named whom whoever asks may see by name or reports to; others
    who could help are known by their roles alone.
    """

    allowed: bool | None = Field(
        description="null: it depends on what is withheld or not known of the record."
    )
    reason_code: str
    reason: str
    who_can_help: str
    as_of: str
    epoch: int
    position: int
    personal_of_now: bool = PERSONAL_OF_NOW
    subject: dict[str, Any]
    actor: str | None = Field(
        description="Who acts as the subject and asks this, so that it is answered of both."
    )
    permission: str
    record: dict[str, Any] | None
    by: dict[str, Any] | None
    considered: list[dict[str, Any]]
    fixes: list[dict[str, Any]]
    givers: dict[str, Any]


class WhoView(BaseModel):
    """Who may, by what, and the moment that it is computed for."""

    as_of: str
    epoch: int
    position: int
    personal_of_now: bool = PERSONAL_OF_NOW
    permission: str
    record: dict[str, Any] | None
    items: list[dict[str, Any]]
    next_page_token: str | None


class ExplanationRoutes:
    """The handlers."""

    def __init__(self, explainer: Explainer, guard: Guard, tokens: PageTokens) -> None:
        self._explainer = explainer
        self._guard = guard
        self._tokens = tokens

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        routes.add(
            "POST", WHY, "explain", _MAY, self.why, body=WhyBody, access=Access(),
            answers={200: Answer("Why, or why not.", WhyView)},
        )  # fmt: skip
        routes.add(
            "POST", WHO, "explain_who", _MAY, self.who, body=WhoBody, access=Access(),
            answers={200: Answer("Who can reach it.", WhoView)},
        )  # fmt: skip

    async def why(self, request: Request, caller: Caller) -> Response:
        """Explain why a subject may do something, or why not, what would mend it and who could.

        Everybody may ask about themself. Of a record that whoever asks may not see they are told
        nothing, not even whether it is there: only what holds whatever the record is, and who may
        see it. Where the record would decide, `allowed` is null.
        """
        body = parse(WhyBody, await read_body(request))
        subject = await self._subject(body.subject, caller)
        ground = await self._ground(body, caller)
        its = self._explainer.why(ground, subject, body.permission)
        return JsonAnswer(
            {
                **moment_view(its.ground, body.permission),
                "subject": name_view(its.ground, subject),
                "actor": caller.actor if subject == caller.subject else None,
                "permission": body.permission,
                "record": record_view(its.ground),
                **why_view(its, is_own=subject == caller.subject),
            }
        )

    async def who(self, request: Request, caller: Caller) -> Response:
        """List who may do something to a record, each with the grant that allows it.

        Of a record that whoever asks may not see (`record.known`: withheld), only those who may
        whatever the record is.
        """
        body = parse(WhoBody, await read_body(request))
        self._guard.rights(caller).require(_MAY, self._about(caller, None))
        # Who may, in the own name, however whoever asks does.
        ground = replace(await self._ground(body, caller), asks=None)
        asked = f"{WHO} {body.permission} {body.record} {body.as_of}"
        place = self._tokens.open(body.page_token, asked) if body.page_token else [""]
        found = await self._explainer.who(
            ground, body.permission, str(place[0]), body.page_size + 1
        )
        page = found[: body.page_size]
        token = self._tokens.seal([page[-1][0]], asked) if len(found) > len(page) else None
        items = [{**name_view(ground, one), "by": by_view(answer)} for one, answer in page]
        return JsonAnswer(
            {
                **moment_view(ground, body.permission),
                "permission": body.permission,
                "record": record_view(ground),
                "items": items,
                "next_page_token": token,
            }
        )

    async def _subject(self, name: str | None, caller: Caller) -> str:
        """Return who is asked about; whoever may ask about themself alone learns of nobody else."""
        names = await self._explainer.names()
        subject = caller.subject if name is None else names.id_of(name)
        self._guard.rights(caller).require(_MAY, self._about(caller, subject))
        if subject is None:
            raise NotFoundError(
                "nobody has this name, or several have it",
                code="subject-not-found",
                field="subject",
                fix="send the subject's id; GET /v1/subjects lists everybody",
            )
        return subject

    async def _ground(self, body: WhyBody | WhoBody, caller: Caller) -> Ground:
        asked = _entity(body.permission, body.record)
        return await self._explainer.ground(asked, body.as_of, self._guard.rights(caller))

    def _about(self, caller: Caller, subject: str | None) -> Record:
        """Return an explanation about somebody as a record: it is theirs."""
        kind = _MAY.partition(":")[0]
        world = self._guard.rights(caller).basis.world
        return Record(kind, subject or "", subject, sensitivity_of(world, kind))


def moment_view(ground: Ground, permission: str) -> dict[str, Any]:
    """Return which moment an answer is computed for, and from which permissions."""
    its = ground.basis
    seconds, micros = divmod(its.now, 1_000_000)
    at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    told = {"as_of": at.isoformat(), "epoch": its.epoch, "position": its.world.position}
    return {**told, "personal_of_now": ground.is_personal_of_now(permission)}


def _entity(permission: str, record: str | None) -> Entity | None:
    return None if record is None else Entity(permission.partition(":")[0], record)
