"""A role that runs a Faust worker, in a process of its own, ends when it has to.

Faust's services take a cancellation lightly and its threads keep a process alive, above all when
the broker is away. So a process that has to end does, with or without Faust: what it had not
committed is done again by the next one.
"""

import asyncio
import logging
import os
from threading import Timer

from shared.messaging.streams import LiveStream
from shared.service.process import Process

# A little less than the supervisor waits before it kills.
GONE_WITHIN_SECONDS = 2.0

log = logging.getLogger(__name__)


def run_stream(process: Process, stream: LiveStream) -> None:
    """Let the process run this stream, and nothing else: it ends with it."""
    process.readiness.works.append(stream.work)

    async def run(stop: asyncio.Event) -> None:
        try:
            await stream.run(stop)
        except BaseException:
            _be_gone_soon(1)
            raise

    async def leave(stop: asyncio.Event) -> None:
        await stop.wait()
        _be_gone_soon(0)

    process.runs += [run, leave]


def _be_gone_soon(code: int) -> None:
    """End this process after a moment, unless it has ended by then."""
    timer = Timer(GONE_WITHIN_SECONDS, _leave, (code,))
    timer.daemon = True
    timer.start()


def _leave(code: int) -> None:
    try:
        log.warning("Faust does not let the process end: it ends without it")
    finally:
        os._exit(code)
