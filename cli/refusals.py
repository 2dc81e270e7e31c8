"""Every answer of a service is either what was asked for or an error that names its fix."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar

import httpx
from pydantic import ValidationError

from cli.answers import Answer, Problem
from shared.errors import DaybookError, UnavailableError

A = TypeVar("A", bound=Answer)

WORTH_ANOTHER_TRY = frozenset({429, 502, 503, 504})
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0

FIX_BY_STATUS: Mapping[int, str] = {
    401: "say who you are with --as, or get a token that holds (DAYBOOK_TOKEN, --token-file)",
    403: "ask somebody who may, or say who you are with --as",
    404: "look the id up with `daybook find TEXT`",
    412: "read it again and repeat the change",
    503: "try again in a moment; `daybook lag` shows who is behind",
}
LAST_FIX = "`daybook status` shows what runs, `daybook logs` shows why it fails"


class RefusedError(DaybookError):
    """Daybook answered, and the answer is no, in its own words."""

    code = "refused"
    title = "Daybook refused"

    def __init__(self, http_status: int, problem: Problem, retry_after_seconds: int | None) -> None:
        is_our_fault = http_status >= HTTPStatus.INTERNAL_SERVER_ERROR
        trace = f" (trace {problem.trace_id})" if is_our_fault and problem.trace_id else ""
        told = _with_every_field(problem)
        super().__init__(
            (told.detail or told.title or f"The answer was {http_status}.") + trace,
            code=problem.type.rsplit("/", 1)[-1],
            field=told.field,
            fix=told.fix or FIX_BY_STATUS.get(http_status, LAST_FIX),
            who_can_help=problem.who_can_help,
            retry_after_seconds=retry_after_seconds,
        )
        self.http_status = http_status


class NotUnderstoodError(DaybookError):
    """Something answered, and not in the way of Daybook; asking again changes nothing."""

    status = 502
    code = "not-understood"
    title = "The answer cannot be understood"


def read_answer(model: type[A], answer: httpx.Response) -> A:
    """Return the answer as `model`, or raise what it says instead."""
    raise_if_refused(answer)
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise _not_daybook(answer) from error


def raise_if_refused(answer: httpx.Response) -> None:
    """Raise RefusedError in the service's own words, unless the answer is a success."""
    if answer.is_success:
        return
    retry_after = answer.headers.get("Retry-After", "")
    seconds = int(retry_after) if retry_after.isdecimal() else None
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError as error:
        if answer.status_code not in WORTH_ANOTHER_TRY:
            raise _not_daybook(answer) from error
        problem = Problem(type="unavailable", title=f"The answer was {answer.status_code}.")
    raise RefusedError(answer.status_code, problem, seconds)


def unreachable(url: httpx.URL) -> UnavailableError:
    """Return the error of a server that does not answer."""
    return UnavailableError(
        f"Nobody answers at {_origin(url)}.",
        fix="start Daybook with `daybook up`, or say where it is with --url and --issuer",
    )


def is_worth_another_try(error: DaybookError) -> bool:
    """Say whether the same request may succeed later without anybody doing anything."""
    match error:
        case RefusedError():
            return error.http_status in WORTH_ANOTHER_TRY
        case _:
            return isinstance(error, UnavailableError)


def pause_seconds(failed_tries: int, error: DaybookError) -> float:
    """Return how long to wait before the next try: what the service asks for, or ever longer."""
    if error.retry_after_seconds is not None:
        return float(error.retry_after_seconds)
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(failed_tries, 10), LONGEST_PAUSE_SECONDS)


def _with_every_field(problem: Problem) -> Problem:
    """Return the problem in words that name each wrong field, where it lists several."""
    if not problem.errors:
        return problem
    every = {
        "detail": "; ".join(f"{one.field} {one.problem}" for one in problem.errors) + ".",
        "field": ", ".join(one.field for one in problem.errors),
        "fix": " ".join(one.fix for one in problem.errors if one.fix),
    }
    return problem.model_copy(update=every)


def _not_daybook(answer: httpx.Response) -> DaybookError:
    # The answer itself is not repeated: it may hold personal data.
    return NotUnderstoodError(
        f"What answers at {_origin(answer.url)} ({answer.status_code}) does not speak as Daybook.",
        fix="check --url, --issuer and DAYBOOK_PORT_BASE; `daybook status` shows the addresses",
    )


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"
