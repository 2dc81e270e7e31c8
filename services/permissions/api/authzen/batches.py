"""Many questions at once: what they share is said once, and an answer may end the rest.

Source: OpenID Authorization API 1.0, section 7 (Access Evaluations API). A default is replaced as
a whole, never merged; what is wrong with one question is told in its place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from services.permissions.api.authzen.entities import (
    Document,
    action_of,
    context_of,
    object_of,
    resource_of,
    subject_of,
)
from services.permissions.application.questions import Question
from shared.errors import BadRequestError

Semantics = Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"]
Decided = dict[str, Any]
"""A decision as it is answered: `decision`, and perhaps `context`."""
MOST_QUESTIONS: Final = 1_000
_PARTS: Final = ("subject", "action", "resource", "context")
_ENDS: Final = {"deny_on_first_deny": False, "permit_on_first_permit": True}


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions, each read or refused; `semantics` says when to stop."""

    questions: Sequence[Question | BadRequestError]
    semantics: Semantics = "execute_all"

    def answered(self, evaluate: Callable[[Question], Decided]) -> list[Decided]:
        """Return the decisions in order, up to and with the one that ends the batch."""
        answers: list[Decided] = []
        for question in self.questions:
            one = (
                _refused(question) if isinstance(question, BadRequestError) else evaluate(question)
            )
            answers.append(one)
            if one["decision"] is _ENDS.get(self.semantics):
                break
        return answers


def question_of(body: Document) -> Question:
    """Return the one question of a request."""
    return Question(subject_of(body), action_of(body), resource_of(body), context_of(body))


def batch_of(body: Document) -> Batch | None:
    """Return the questions of a request; None if it is to be read as one question.

    Raises:
        BadRequestError: the request as a whole cannot be read.
    """
    semantics = _semantics(body)
    evaluations = body.get("evaluations", [])
    if not isinstance(evaluations, list):
        raise BadRequestError(
            "evaluations is not a list.", field="evaluations", fix="Send a list of objects."
        )
    if not evaluations:
        return None
    if len(evaluations) > MOST_QUESTIONS:
        raise BadRequestError(
            f"evaluations has {len(evaluations)} questions.",
            field="evaluations",
            fix=f"Send at most {MOST_QUESTIONS} at once.",
        )
    defaults = {part: object_of(body[part], part) for part in _PARTS if part in body}
    items = [object_of(one, f"evaluations[{at}]") for at, one in enumerate(evaluations)]
    return Batch([_read({**defaults, **item}) for item in items], semantics)


def _read(item: Document) -> Question | BadRequestError:
    try:
        return question_of(item)
    except BadRequestError as error:
        return error


def _refused(error: BadRequestError) -> Decided:
    told = {"status": error.status, "message": f"{error.detail} {error.fix}"}
    return {"decision": False, "context": {"error": told}}


def _semantics(body: Document) -> Semantics:
    options = object_of(body.get("options", {}), "options")
    given = options.get("evaluations_semantic", "execute_all")
    if given in get_args(Semantics):
        semantics: Semantics = given
        return semantics
    raise BadRequestError(
        "This semantic is not known.",
        field="options.evaluations_semantic",
        fix=f"Use one of {', '.join(get_args(Semantics))}.",
    )
