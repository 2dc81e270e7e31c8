"""Everything a process says is one line of JSON on stderr, and no line holds personal data.

A log call is a constant sentence and `extra=` fields (ids, counts, codes). Arguments of the
sentence are never printed for our own loggers, and of an exception only what
`describe_failure` allows. Of a library we print sentences only where we know what they hold.
"""

import asyncio
import logging
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import orjson

from shared.observability.acting import current_acting
from shared.observability.failures import describe_failure
from shared.observability.traces import current_trace_id
from shared.settings import ObservabilitySettings

_OURS = ("shared", "services", "cli", "__main__")
# Libraries whose sentences name hosts, topics and revisions, never a record's content.
_SPEAK_FREELY = ("aiokafka", "alembic", "opentelemetry", "uvicorn")
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# A second lock on the door: fields that by their name would hold what a person told us.
_WITHHELD = frozenset(
    {"address", "authorization", "body", "data", "display", "email", "emails", "payload"}
    | {"personal", "plaintext", "q", "query", "secret", "text", "title", "url", "value"}
)

logger = logging.getLogger(__name__)


def configure_logging(
    settings: ObservabilitySettings, *, service: str, role: str, stream: TextIO | None = None
) -> None:
    """Send every log line of this process to stderr as JSON, also those of a crash.

    Called once, first thing in a process; a second call replaces the first.
    """
    handler = _JsonHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service, role))
    handler.addFilter(_worth_saying)
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(settings.log_level)
    logging.captureWarnings(True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash


def log_lost_failures(loop: asyncio.AbstractEventLoop) -> None:
    """Log what fails in a task that nobody awaits; asyncio's own line prints the values."""
    loop.set_exception_handler(_log_lost_failure)


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object, always with service, role and trace_id.

    What is done in somebody else's name has both ids: `actor` and `acting_as`.
    """

    def __init__(self, service: str, role: str) -> None:
        super().__init__()
        self._process: dict[str, object] = {"service": service, "role": role}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; what JSON cannot hold is written as its type's name."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _sentence(record),
            **self._process,
            "trace_id": current_trace_id(),
        }
        acting = current_acting()
        if acting is not None:
            line |= {"actor": acting.actor, "acting_as": acting.subject}
        if _is_ours(record):
            line |= _fields(record)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe_failure(record.exc_info[1])
        return orjson.dumps(line, default=_type_name).decode()


class _JsonHandler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        # The standard one prints the record with its arguments.
        del record
        # Nobody reads after the supervisor was killed: whoever ends for that gets to its end.
        with suppress(OSError):
            sys.stderr.write('{"level":"ERROR","message":"a log line could not be written"}\n')


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {
        name: "withheld" if name in _WITHHELD else value
        for name, value in vars(record).items()
        if name not in _OF_EVERY_RECORD
    }


def _sentence(record: logging.LogRecord) -> str:
    if _is_ours(record):
        return str(record.msg)
    if record.name.partition(".")[0] in _SPEAK_FREELY:
        return record.getMessage()
    return f"{record.name} reports something ({record.module}:{record.lineno})"


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _OURS


def _worth_saying(record: logging.LogRecord) -> bool:
    return _is_ours(record) or record.levelno >= logging.WARNING


def _type_name(value: object) -> str:
    return f"<{type(value).__name__}>"


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logger.critical("the process ends on an unexpected error", exc_info=(kind, error, trace))


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None:
        logger.error("a thread ended on an unexpected error", exc_info=crash.exc_value)


def _log_lost_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    logger.error(
        "something failed where nobody was waiting for it", exc_info=context.get("exception")
    )
