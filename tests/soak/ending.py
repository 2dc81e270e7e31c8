"""A soak ends when its time is over or at Ctrl-C, and then still counts and tells."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType


class Ending:
    """When to end: after so many seconds, or as soon as somebody says so."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds
        self.is_asked_for = False
        """Whether somebody pressed Ctrl-C: what is under way is the last."""

    @property
    def is_here(self) -> bool:
        """Whether nothing new is to be begun."""
        return self.is_asked_for or monotonic() >= self._ends


@contextmanager
def ending_after(seconds: float) -> Iterator[Ending]:
    """Listen to Ctrl-C for as long as the body of the `with`; a second one ends at once."""
    ending = Ending(seconds)
    before = signal.getsignal(signal.SIGINT)

    def ask(_number: int, _frame: FrameType | None) -> None:
        ending.is_asked_for = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield ending
    finally:
        signal.signal(signal.SIGINT, before)
