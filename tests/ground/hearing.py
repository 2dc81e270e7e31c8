"""What the process of the tests says is heard as a process of Daybook would say it."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.observability.logs import configure_logging
from shared.settings import ObservabilitySettings


class Heard:
    """What a process said, line by line."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        (only,) = self.lines
        return only


@contextmanager
def hearing() -> Iterator[Heard]:
    """Hear all that is said in the body of the `with`, and leave nothing configured."""
    root = logging.root
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    heard = Heard()
    settings = ObservabilitySettings(trace_file=None)
    configure_logging(settings, service="customers", role="api", stream=heard.stream)
    try:
        yield heard
    finally:
        root.handlers[:], level, sys.excepthook, threading.excepthook = before
        root.setLevel(level)
        logging.captureWarnings(capture=False)
