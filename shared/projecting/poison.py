"""Whose fault a failure is: the event's (poison), or that of a server, which heals by itself."""

import asyncio
from dataclasses import dataclass
from typing import Final, Self

import asyncpg

from shared.errors import DaybookError, UnavailableError
from shared.observability.failures import describe_failure
from shared.postgres.lanes import LOST, is_of_the_values
from shared.projecting.marks import MarkMovedError

_OURS: Final = ("services/", "shared/", "tests/")
_NOT_THE_EVENT: Final = (*LOST, MarkMovedError, UnavailableError, MemoryError, asyncio.TimeoutError)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event could not be applied: the error's type and where it was raised, never data."""

    error: str
    place: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """Return what may be told of this error."""
        facts = describe_failure(error)
        stack = facts["stack"]
        frames = [str(frame) for frame in stack] if isinstance(stack, list) else []
        ours = [frame for frame in frames if frame.startswith(_OURS)]
        told = " ".join(str(facts[name]) for name in ("type", "sqlstate") if name in facts)
        return cls(told.removeprefix("builtins."), (ours or frames or ["?"])[-1])


class PoisonError(DaybookError):
    """An event that cannot be applied, where nothing may be parked: in a rebuild."""

    code = "poison"
    title = "An event cannot be applied"

    def __init__(self, event_id: str, stream: str, failure: Failure) -> None:
        super().__init__(
            f"event {event_id} of stream {stream} cannot be applied:"
            f" {failure.error} at {failure.place}",
            fix="mend the code and order it again, or discard the event (`daybook parked discard`)",
            who_can_help="the developers of this service",
        )
        self.event_id = event_id
        self.stream = stream
        self.failure = failure


def is_poison(error: Exception) -> bool:
    """Say whether the event is to blame, not a server: only then it is parked."""
    if isinstance(error, ValueError | asyncpg.PostgresError):
        return is_of_the_values(error)
    return not isinstance(error, _NOT_THE_EVENT)
