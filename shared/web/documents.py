"""What the OpenAPI document says of a route: parameters, body, answers, problems, sign-in."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from types import UnionType
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body, Header, Path, Query
from pydantic import BaseModel

from shared.web.answers import Answer
from shared.web.problems import PROBLEM_TYPE, Problem

_IN_PATH = re.compile(r"{(\w+)}")
_WHERE = {"path": Path, "query": Query, "header": Header}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a route, as its clients read about it."""

    name: str
    where: Literal["path", "query", "header"]
    description: str
    type: Any = str
    is_required: bool = False


IF_MATCH = Parameter(
    "If-Match",
    "header",
    'The ETag you read, for example "7"; without it 428, if somebody was faster 412.',
    is_required=True,
)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "1 to 200 visible characters; the same key and body again gives the first answer.",
)
DAYBOOK_TOKEN = Parameter(
    "Daybook-Token",
    "header",
    "Tokens of earlier answers, by comma: the answer is never older than these.",
)
PREFER = Parameter(
    "Prefer", "header", "wait=SECONDS: how long to wait for Daybook-Token (1, at most 30)."
)
ACTING_AS = Parameter(
    "Daybook-Acting-As",
    "header",
    "acting_id of POST /v1/acting (permissions service): it is done in that person's name.",
)
PAGE_SIZE = Parameter("page_size", "query", "How many to a page: 50, at most 200.", int)
PAGE_TOKEN = Parameter("page_token", "query", "next_page_token of the page before.")

_SIGN_IN = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
_PROBLEM = {
    "description": "What went wrong, which field, how to mend it, who can help.",
    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def documented_endpoint(
    handler: Callable[..., Any],
    path: str,
    body: type[BaseModel] | UnionType | None,
    parameters: Sequence[Parameter],
) -> Callable[..., None]:
    """Return a function that is never called: FastAPI reads the document from its signature."""

    def endpoint() -> None: ...

    named = {parameter.name for parameter in parameters}
    in_path = [
        Parameter(name, "path", f"The {name.removesuffix('_id')}'s id.", UUID)
        for name in _IN_PATH.findall(path)
        if name not in named
    ]
    signature = [_python_parameter(one) for one in (*in_path, *parameters)]
    if body is not None:
        left_out = {"default": None} if isinstance(body, UnionType) else {}
        signature.append(_keyword("body", Annotated[body, Body()], **left_out))
    endpoint.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    endpoint.__doc__ = handler.__doc__
    return endpoint


def documented_answers(answers: Mapping[int, Answer]) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses`; problems stand for every status that is not named."""
    documented: dict[int | str, dict[str, Any]] = {"4XX": _PROBLEM, "5XX": _PROBLEM}
    for status, answer in answers.items():
        documented[status] = {
            "description": answer.description,
            "headers": {
                name: {"description": what, "schema": {"type": "string"}}
                for name, what in answer.headers.items()
            },
        }
        if answer.model is not None:
            documented[status]["model"] = answer.model
        if answer.media_type is not None:
            documented[status]["content"] = {answer.media_type: {"schema": {"type": "string"}}}
    return documented


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """Add to FastAPI's document what all routes share: sign-in and the shape of a problem."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SIGN_IN
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    return document


def _python_parameter(parameter: Parameter) -> inspect.Parameter:
    where = _WHERE[parameter.where]
    name = re.sub(r"\W", "_", parameter.name).lower()
    if iskeyword(name):
        name += "_"
    described = where(alias=parameter.name, description=parameter.description)
    if parameter.is_required or parameter.where == "path":
        return _keyword(name, Annotated[parameter.type, described])
    return _keyword(name, Annotated[parameter.type, described], default=None)


def _keyword(name: str, annotation: Any, **more: Any) -> inspect.Parameter:  # noqa: ANN401
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, **more)
