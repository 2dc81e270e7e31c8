"""In whose name the work going on here is done, if it is somebody else's than who does it."""

from contextvars import ContextVar, Token
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActingAs:
    """Who does it, and as whom; both are ids."""

    actor: str
    subject: str


_current: ContextVar[ActingAs | None] = ContextVar("daybook_acting_as", default=None)


def current_acting() -> ActingAs | None:
    """Return who acts as whom here; None: everybody acts for themself."""
    return _current.get()


def enter_own_name() -> Token[ActingAs | None]:
    """Let nobody act as somebody else here, until `act_as`; undone by `leave_acting`."""
    return _current.set(None)


def act_as(acting: ActingAs) -> None:
    """Let what this task does from now on be done so."""
    _current.set(acting)


def leave_acting(token: Token[ActingAs | None]) -> None:
    """Undo an `enter_own_name`, and whatever `act_as` said since."""
    _current.reset(token)
