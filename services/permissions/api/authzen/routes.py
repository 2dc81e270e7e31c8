"""The routes of AuthZEN: one question, many, three searches, and where all of these are."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.authzen.batches import Decided, batch_of, question_of
from services.permissions.api.authzen.entities import (
    Document,
    action_of,
    context_of,
    document_of,
    resource_of,
    subject_of,
    type_of,
)
from services.permissions.api.authzen.searches import SearchPages, fingerprint
from services.permissions.application.evaluating import Evaluated, Evaluator
from services.permissions.application.questions import Action, Entity, Question
from shared.authorization.permissions import Permission
from shared.errors import BadRequestError, InvalidInputError
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import read_body
from shared.web.callers import Caller
from shared.web.pages import PageTokens
from shared.web.recording import Access
from shared.web.routes import Routes

EVALUATION: Final = "/access/v1/evaluation"
EVALUATIONS: Final = "/access/v1/evaluations"
SEARCHES: Final = {kind: f"/access/v1/search/{kind}" for kind in ("subject", "resource", "action")}
DISCOVERY: Final = "/.well-known/authzen-configuration"
_NOBODY: Final = "-"


class AuthzenRoutes:
    """The handlers of the Authorization API.

    Args:
        evaluator: answers the questions.
        tokens: seals the places of pages.
        public_url: where callers reach this service: scheme and host, without a path.
    """

    def __init__(self, evaluator: Evaluator, tokens: PageTokens, public_url: str) -> None:
        self._evaluator = evaluator
        self._pages = SearchPages(tokens)
        self._url = public_url.rstrip("/")

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        told = {200: Answer("As the OpenID AuthZEN Authorization API 1.0 says.")}
        for path, name, handler, access in (
            (EVALUATION, "evaluate", self.evaluation, None),
            (EVALUATIONS, "evaluate_many", self.evaluations, None),
            (SEARCHES["subject"], "search_subjects", self.subjects, Access()),
            (SEARCHES["resource"], "search_resources", self.resources, Access()),
            (SEARCHES["action"], "search_actions", self.actions, Access()),
        ):
            routes.add(
                "POST", path, name, Permission.EVALUATIONS_ASK, handler,
                takes=["application/json"], answers=told, access=access, everywhere=True,
            )  # fmt: skip
        routes.add_anonymous(DISCOVERY, "discover_authzen", self.discovery, answers=told)

    async def evaluation(self, request: Request, caller: Caller) -> Response:
        """Answer one question: may this subject do this to this resource?

        A refusal is an answer: 200, with `decision` false.
        """
        return await self._one(question_of(await _body(request)), caller)

    async def evaluations(self, request: Request, caller: Caller) -> Response:
        """Answer many questions that share parts; all, or up to the first that ends them.

        All are answered by the same permissions at the same moment.
        """
        body = await _body(request)
        batch = batch_of(body)
        if batch is None:
            return await self._one(question_of(body), caller)
        about = [one.resource for one in batch.questions if isinstance(one, Question)]
        sitting = await self._evaluator.sit(about, caller.subject, caller.notes.append)
        answers = batch.answered(lambda question: _told(sitting.evaluate(question)))
        return JsonAnswer({"evaluations": answers})

    async def subjects(self, request: Request, caller: Caller) -> Response:
        """Say which subjects of a type may do this to this resource."""
        body = await _body(request)
        kind = type_of(body, "subject")
        question = Question(
            Entity(kind, _NOBODY), action_of(body), resource_of(body), context_of(body)
        )
        page = self._pages.wanted(body, asked := fingerprint("subject", body))
        found = await self._evaluator.subjects(
            kind, question, caller.subject, page.after, page.limit + 1
        )
        named = [{"type": kind, "id": name} for _, name in found[: page.limit]]
        return JsonAnswer(self._pages.answer(asked, page, [one for one, _ in found], named))

    async def resources(self, request: Request, caller: Caller) -> Response:
        """Say which resources of a type this subject may do this to.

        Of Daybook's own customers all are found; of other types those that the policy names.
        """
        body = await _body(request)
        kind = type_of(body, "resource")
        question = Question(
            subject_of(body), action_of(body), Entity(kind, _NOBODY), context_of(body)
        )
        page = self._pages.wanted(body, asked := fingerprint("resource", body))
        found = await self._evaluator.resources(
            question, caller.subject, page.after, page.limit + 1
        )
        named = [{"type": kind, "id": one} for one in found[: page.limit]]
        return JsonAnswer(self._pages.answer(asked, page, found, named))

    async def actions(self, request: Request, caller: Caller) -> Response:
        """Say what this subject may do to this resource."""
        body = await _body(request)
        question = Question(subject_of(body), Action(_NOBODY), resource_of(body), context_of(body))
        page = self._pages.wanted(body, asked := fingerprint("action", body))
        found = await self._evaluator.actions(question, caller.subject, page.after, page.limit + 1)
        named = [{"name": one} for one in found[: page.limit]]
        return JsonAnswer(self._pages.answer(asked, page, found, named))

    async def discovery(self, _request: Request) -> Response:
        """Say where the endpoints are."""
        return JsonAnswer(
            {
                "policy_decision_point": self._url,
                "access_evaluation_endpoint": self._url + EVALUATION,
                "access_evaluations_endpoint": self._url + EVALUATIONS,
                **{f"search_{kind}_endpoint": self._url + path for kind, path in SEARCHES.items()},
            }
        )

    async def _one(self, question: Question, caller: Caller) -> Response:
        about, noted = [question.resource], caller.notes.append
        sitting = await self._evaluator.sit(about, caller.subject, noted)
        return JsonAnswer(_told(sitting.evaluate(question)))


async def _body(request: Request) -> Document:
    """Return the body as a JSON object; what other routes answer with 422 is 400 here."""
    try:
        return document_of(await read_body(request))
    except BadRequestError:
        raise
    except InvalidInputError as error:
        raise BadRequestError(error.detail, field=error.field, fix=error.fix) from None


def _told(found: Evaluated) -> Decided:
    if found.allowed:
        return {"decision": True}
    return {"decision": False, "context": {"reason_code": found.code}}
