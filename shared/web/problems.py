"""Every error leaves as application/problem+json (RFC 9457) that says what, which field, what next.

A problem never repeats a value that the caller sent, and nothing of an unexpected exception.
"""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from time import monotonic
from typing import Any

import orjson
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from shared.errors import (
    DaybookError,
    DiskFullError,
    DiskNearlyFullError,
    NotPermittedError,
    NotYetError,
    SeveralFieldsError,
    UndecidedError,
    VersionConflictError,
)
from shared.observability.traces import current_trace_id

PROBLEM_TYPE = "application/problem+json"
_OUR_SIDE = 500
# An alarm has told of it once; a line for each refusal would fill what room is left.
SAID_ELSEWHERE = (NotYetError, DiskNearlyFullError)
# Each of many requests finds the same, and a line of each would tell nothing more.
COUNTED: Mapping[type[DaybookError], str] = {
    DiskFullError: "requests are refused because a disk is full",
    UndecidedError: "requests are refused because permissions are not known well enough",
}
COUNT_EVERY_SECONDS = 60.0
_SIGN_IN = {401: "Bearer"}  # RFC 6750: an answer of 401 names the way to sign in.

FailureAnswer = Callable[[Exception, Scope], Response]
"""What makes an answer of an exception that left a route."""

logger = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """One thing that is wrong with what was sent."""

    field: str = Field(examples=["emails[0]"])
    problem: str = Field(examples=["is not an e-mail address"])
    fix: str = Field(examples=["Write it like name@example.org."])


class FieldConflict(BaseModel):
    """One field that differs: as it was read, as it is now, as it would be after the request."""

    field: str
    read: Any = Field(description="Its value in the version that was read.")
    now: Any = Field(description="Its value in the version there is now.")
    yours: Any = Field(None, description="Its value as the request wants it, if it can be said.")


class Problem(BaseModel):
    """An error: what happened, which field, how to mend it, who can help."""

    type: str = Field(examples=["/problems/invalid-input"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked.")
    trace_id: str | None = Field(None, description="Tell this to an operator.")
    field: str | None = None
    fix: str | None = None
    who_can_help: str | None = None
    permission: str | None = Field(
        None, description="With 403: what is missing; it can be asked for."
    )
    reason: str | None = Field(
        None, description="With 403, and 503 `undecided`: the code of the decision."
    )
    errors: list[FieldProblem] | None = Field(None, description="Each field, if several.")
    current_version: int | None = Field(None, description="With 412: the version there is now.")
    conflicts: list[FieldConflict] | None = Field(
        None, description="With 412: each field that differs, to show both and to merge."
    )


class FailureLog:
    """Writes down what fails on our side with its stack; what is COUNTED in one line a minute."""

    def __init__(self) -> None:
        self._told_at = dict.fromkeys(COUNTED, -math.inf)
        self._untold = dict.fromkeys(COUNTED, 0)

    def tell(self, error: Exception) -> None:
        """Write it down, unless it is the caller's fault or told elsewhere."""
        match error:
            case DiskFullError() | UndecidedError():
                self._count(error)
            case DaybookError():
                if error.status >= _OUR_SIDE and not isinstance(error, SAID_ELSEWHERE):
                    logger.warning("a request could not be answered", exc_info=error)
            case HTTPException():
                return
            case _:
                logger.error("a request failed unexpectedly", exc_info=error)

    def _count(self, error: DiskFullError | UndecidedError) -> None:
        kind = next(one for one in COUNTED if isinstance(error, one))
        self._untold[kind] += 1
        if monotonic() - self._told_at[kind] < COUNT_EVERY_SECONDS:
            return
        told = {"problem": error.detail, "fix": error.fix, "refused": self._untold[kind]}
        logger.warning(COUNTED[kind], extra=told)
        self._told_at[kind], self._untold[kind] = monotonic(), 0


def answer_failure(error: Exception, scope: Scope) -> Response:
    """Return the problem for an exception that left a route."""
    match error:
        case DaybookError():
            return _of_our_own(error, scope)
        case HTTPException():
            return _of_routing(error, scope)
        case _:
            return _unexpected(scope)


def _of_our_own(error: DaybookError, scope: Scope) -> Response:
    members: dict[str, Any] = {"field": error.field, "fix": error.fix}
    members["who_can_help"] = error.who_can_help
    if isinstance(error, NotPermittedError):
        members |= {"permission": error.permission, "reason": error.reason}
    if isinstance(error, UndecidedError):
        members["reason"] = error.reason
    if isinstance(error, VersionConflictError):
        members["current_version"] = error.current_version
        members["conflicts"] = error.conflicts
    if isinstance(error, SeveralFieldsError):
        members["errors"] = [asdict(one) for one in error.errors]
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return _problem(
        scope,
        status=error.status,
        code=error.problem_code,
        title=error.title,
        detail=error.detail,
        members=members,
        headers=headers,
    )


def _of_routing(error: HTTPException, scope: Scope) -> Response:
    if error.status_code == 405:  # noqa: PLR2004 - HTTP's own number
        code, title = "method-not-allowed", "This address does not do that"
        detail, fix = "The address exists, the method does not.", "Use one of the Allow header."
    else:
        code, title = "no-such-address", "There is no such address"
        detail, fix = "Nothing is served at this path.", "See /openapi.json for what there is."
    return _problem(
        scope,
        status=error.status_code,
        code=code,
        title=title,
        detail=detail,
        members={"fix": fix},
        headers=error.headers,
    )


def _unexpected(scope: Scope) -> Response:
    return _problem(
        scope,
        status=DaybookError.status,
        code=DaybookError.code,
        title=DaybookError.title,
        detail="The request was understood and something failed that should not.",
        members={
            "fix": "Read before you repeat a change: it may have been stored.",
            "who_can_help": "An operator (role operator), who can find the trace_id in the logs.",
        },
    )


def _problem(
    scope: Scope,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    members: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": scope["path"],
        "trace_id": current_trace_id(),
    }
    body |= {name: value for name, value in members.items() if value is not None}
    every_header = dict(headers or {})
    if status in _SIGN_IN:
        every_header["WWW-Authenticate"] = _SIGN_IN[status]
    return Response(orjson.dumps(body), status, every_header, PROBLEM_TYPE)
