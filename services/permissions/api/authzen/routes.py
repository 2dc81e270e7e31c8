"""The routes of AuthZEN: one question, many, three searches, and where all of these are."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

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
from services.permissions.api.authzen.searches import Page, SearchPages, fingerprint
from services.permissions.application.evaluating import Evaluated, Evaluator
from services.permissions.application.questions import Action, Entity, Question
from shared.authorization.permissions import Permission
from shared.errors import BadRequestError, InvalidInputError
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import read_body
from shared.web.callers import Caller
from shared.web.pages import PageTokens
from shared.web.routes import Routes

EVALUATION: Final = "/access/v1/evaluation"
EVALUATIONS: Final = "/access/v1/evaluations"
SEARCHES: Final = {kind: f"/access/v1/search/{kind}" for kind in ("subject", "resource", "action")}
DISCOVERY: Final = "/.well-known/authzen-configuration"
_NOBODY: Final = "-"

Found = Iterator[tuple[str, Any]]
"""The key of a result, and the result as it is answered."""


class AuthzenRoutes:
    """The handlers of the Authorization API.

    Args:
        evaluator: answers the questions.
        tokens: seals the places of pages.
        public_url: where callers reach this service: scheme and host, without a path.
        is_trusted: says whether what a caller says of subjects counts.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        tokens: PageTokens,
        public_url: str,
        is_trusted: Callable[[str], bool],
    ) -> None:
        self._evaluator = evaluator
        self._pages = SearchPages(tokens)
        self._url = public_url.rstrip("/")
        self._is_trusted = is_trusted

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        told = {200: Answer("As the OpenID AuthZEN Authorization API 1.0 says.")}
        for path, name, handler in (
            (EVALUATION, "evaluate", self.evaluation),
            (EVALUATIONS, "evaluate_many", self.evaluations),
            (SEARCHES["subject"], "search_subjects", self.subjects),
            (SEARCHES["resource"], "search_resources", self.resources),
            (SEARCHES["action"], "search_actions", self.actions),
        ):
            routes.add(
                "POST", path, name, Permission.EVALUATIONS_ASK, handler,
                takes=["application/json"], answers=told,
            )  # fmt: skip
        routes.add_anonymous(DISCOVERY, "discover_authzen", self.discovery, answers=told)

    async def evaluation(self, request: Request, caller: Caller) -> Response:
        """Answer one question: may this subject do this to this resource?

        A refusal is an answer: 200, with `decision` false.
        """
        question = question_of(await _body(request))
        return JsonAnswer(self._decided(question, caller))

    async def evaluations(self, request: Request, caller: Caller) -> Response:
        """Answer many questions that share parts; all, or up to the first that ends them."""
        body = await _body(request)
        batch = batch_of(body)
        if batch is None:
            return JsonAnswer(self._decided(question_of(body), caller))
        answers = batch.answered(lambda question: self._decided(question, caller))
        return JsonAnswer({"evaluations": answers})

    async def subjects(self, request: Request, caller: Caller) -> Response:
        """Say which subjects of a type may do this to this resource."""
        body = await _body(request)
        kind = type_of(body, "subject")
        question = Question(
            Entity(kind, _NOBODY), action_of(body), resource_of(body), context_of(body)
        )
        page = self._pages.wanted(body, asked := fingerprint("subject", body))
        found = self._evaluator.subjects(
            kind, question, page.after, is_trusted=self._is_trusted(caller.subject)
        )
        return self._page(asked, page, ((one, {"type": kind, "id": name}) for one, name in found))

    async def resources(self, request: Request, caller: Caller) -> Response:
        """Say which resources of a type this subject may do this to."""
        body = await _body(request)
        kind = type_of(body, "resource")
        question = Question(
            subject_of(body), action_of(body), Entity(kind, _NOBODY), context_of(body)
        )
        page = self._pages.wanted(body, asked := fingerprint("resource", body))
        found = self._evaluator.resources(
            question, page.after, is_trusted=self._is_trusted(caller.subject)
        )
        return self._page(asked, page, ((one, {"type": kind, "id": one}) for one in found))

    async def actions(self, request: Request, caller: Caller) -> Response:
        """Say what this subject may do to this resource."""
        body = await _body(request)
        question = Question(subject_of(body), Action(_NOBODY), resource_of(body), context_of(body))
        page = self._pages.wanted(body, asked := fingerprint("action", body))
        found = self._evaluator.actions(
            question, page.after, is_trusted=self._is_trusted(caller.subject)
        )
        return self._page(asked, page, ((one, {"name": one}) for one in found))

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

    def _decided(self, question: Question, caller: Caller) -> Decided:
        return _told(
            self._evaluator.evaluate(question, is_trusted=self._is_trusted(caller.subject))
        )

    def _page(self, asked: str, page: Page, found: Found) -> Response:
        some = list(islice(found, page.limit + 1))
        results = [result for _, result in some[: page.limit]]
        return JsonAnswer(self._pages.answer(asked, page, [key for key, _ in some], results))


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
