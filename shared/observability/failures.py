"""What may be told of an exception: what it is and where, never the values it carries."""

import sys
import traceback
from pathlib import Path
from types import TracebackType

from shared.errors import DaybookError

_ROOT = f"{Path(__file__).resolve().parents[2]}/"
_DEEPEST_CAUSE = 4
_LONGEST_STACK = 25
_OUR_SIDE = 500
_OURS = ("services.", "shared.")

# Names of database objects and numbers of errors; a driver's message, detail and arguments may
# hold a row, so nothing else of a foreign exception is ever read.
_SAFE_FACTS = ("sqlstate", "table_name", "constraint_name", "errno", "problem_code", "status")


def said_of(error: BaseException) -> str:
    """Return one line for a log: our own sentence, or the type of a foreign exception."""
    return error.detail if isinstance(error, DaybookError) else type(error).__name__


def describe_failure(error: BaseException, *, depth: int = 0) -> dict[str, object]:
    """Return type, codes, place and causes of an exception, without its message.

    The sentence of a DaybookError is kept when it speaks of our side (5xx); the sentence of a
    4xx speaks of what a caller sent.
    """
    facts: dict[str, object] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    for name in _SAFE_FACTS:
        value = getattr(error, name, None)
        if isinstance(value, int | str):
            facts[name] = value
    if isinstance(error, DaybookError) and error.status >= _OUR_SIDE:
        facts |= {"detail": error.detail, "fix": error.fix}
    facts["stack"] = _stack(error.__traceback__)
    if depth < _DEEPEST_CAUSE:
        facts |= _causes(error, depth + 1)
    return facts


def place_of(error: BaseException) -> tuple[str, int]:
    """Return module and line of the innermost place of our own code that the error passed.

    Of an error that passed none it is the outermost place.
    """
    found = ("unknown", 0)
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", "unknown"))
        if module.startswith(_OURS) or found == ("unknown", 0):
            found = (module, line)
    return found


def _causes(error: BaseException, depth: int) -> dict[str, object]:
    causes: dict[str, object] = {}
    if isinstance(error, BaseExceptionGroup):
        causes["errors"] = [describe_failure(one, depth=depth) for one in error.exceptions]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        causes["cause"] = describe_failure(cause, depth=depth)
    return causes


def _stack(innermost: TracebackType | None) -> list[str]:
    frames = [
        f"{_short(frame.f_code.co_filename)}:{line}:{frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(innermost)
    ]
    return frames[-_LONGEST_STACK:]


def _short(path: str) -> str:
    _, _, package = path.rpartition("site-packages/")
    return package.removeprefix(_ROOT).removeprefix(f"{sys.base_prefix}/lib/")
