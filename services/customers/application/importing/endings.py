"""An import that does not come to its end says why, and what helps."""

from collections.abc import Mapping
from typing import Final

import asyncpg

from services.customers.application.importing.jobs import State
from shared.errors import InvalidInputError, NotPermittedError, UndecidedError

Problem = Mapping[str, str | None]
NOT_OURS: Final = "DB409"
GIVEN_UP: Final[Problem] = {
    "field": None,
    "problem": "What follows the rows that are done makes the service fail; it is not imported.",
    "fix": "ask the operators, the worker's log says where; then hand the same file in again: the"
    " rows that are done stay as they are",
}


class NotOursError(Exception):
    """Another worker has the import, or it was cancelled."""


def is_lost(error: BaseException | None) -> bool:
    """Say whether the work ended because the import is somebody else's, or was cancelled."""
    if isinstance(error, asyncpg.PostgresError):
        return error.sqlstate == NOT_OURS
    return isinstance(error, NotOursError)


def ending(error: InvalidInputError | NotPermittedError) -> tuple[Problem, State]:
    """Return what is told of a file that cannot be read, or that nobody may import any more."""
    if isinstance(error, InvalidInputError):
        return {"field": error.field, "problem": error.detail, "fix": error.fix}, "failed"
    problem = {
        "field": None,
        "problem": f"Whoever handed this in may not import any more: {error.detail}",
        "fix": "let somebody who may import hand the same file in: the rows that are done stay as"
        " they are",
        "who_can_help": error.who_can_help,
        "reason": error.reason,
    }
    return problem, "stopped"


def waiting(error: UndecidedError) -> Problem:
    """Return what is told of an import while nobody knows whether it may go on."""
    return {
        "field": None,
        "problem": f"It waits, and the rows that are not done with it: {error.detail}",
        "fix": "wait: it goes on by itself where it stands, or cancel it",
        "who_can_help": error.who_can_help,
        "reason": error.reason,
    }
