"""A process dies (kill -9) or stops at a call of our choosing, so that every gap can be tried.

Production code knows nothing of it: the process under test gets connections and Kafka clients of
subclasses made here, which pass by a place before and after each call.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import new_class
from typing import Any, TypeVar

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.messaging.clients import Consumer

Client = TypeVar("Client")

STATEMENTS = ("execute", "executemany", "fetch", "fetchmany", "fetchrow", "fetchval")
# Ways to a server that would go uncounted: whoever needs one teaches this file to count it.
UNCOUNTED = ("prepare", "cursor", "copy_from_query", "copy_from_table", "copy_to_table",
    "copy_records_to_table")  # fmt: skip
PRODUCER_CALLS = ("start", "send", "send_batch", "flush", "stop")
CONSUMER_CALLS = ("start", "getmany", "getone", "seek_to_beginning", "commit", "stop")
PLACE_CHARACTERS = 100


@dataclass(slots=True)
class Fate:
    """The process gets `what` at the `at`-th place (from 1; 0: never) whose name holds `text`."""

    at: int
    what: signal.Signals = signal.SIGKILL
    text: str = ""
    passed: int = 0

    def is_met_at(self, place: str) -> bool:
        """Count the place if it is one of those meant, and say whether it is the one."""
        if self.text not in place:
            return False
        self.passed += 1
        return self.passed == self.at


@dataclass(slots=True)
class Doom:
    """All that will become of this process; `last_words` hears where, just before it happens."""

    fates: Sequence[Fate]
    last_words: Callable[[str], None] = field(default=lambda _: None)

    def pass_by(self, place: str) -> None:
        """Go on, unless a fate is met here."""
        for fate in self.fates:
            if fate.is_met_at(place):
                self.last_words(place)
                os.kill(os.getpid(), fate.what)

    def connection(self) -> type[asyncpg.Connection]:
        """Return the connection class of a process with this doom."""
        refused = {name: _refused(name) for name in UNCOUNTED}
        return _dying(asyncpg.Connection, STATEMENTS, self, refused)

    def producer(self) -> type[AIOKafkaProducer]:
        """Return the producer class; it also passes by a place at each acknowledgement."""
        return _dying(AIOKafkaProducer, PRODUCER_CALLS, self, {})

    def consumer(self) -> type[Consumer]:
        """Return the consumer class."""
        return _dying(Consumer, CONSUMER_CALLS, self, {})


def _dying(
    client: type[Client], calls: Sequence[str], doom: Doom, more: Mapping[str, object]
) -> type[Client]:
    counted = {name: _counted(getattr(client, name), name, doom) for name in calls}
    body = {**counted, **more}
    return new_class(f"Dying{client.__name__}", (client,), {}, lambda made: made.update(body))


def _counted(
    call: Callable[..., Awaitable[object]], name: str, doom: Doom
) -> Callable[..., Awaitable[object]]:
    async def dying_call(self: object, *arguments: Any, **named: Any) -> object:  # noqa: ANN401
        place = f"{name} {_words(arguments)}".strip()
        doom.pass_by(f"before {place}")
        answer = await call(self, *arguments, **named)
        doom.pass_by(f"after {place}")
        if isinstance(answer, asyncio.Future):
            # Kafka's acknowledgement comes later than the call.
            answer.add_done_callback(lambda _: doom.pass_by(f"before hearing of {place}"))
        return answer

    return dying_call


def _refused(name: str) -> Callable[..., object]:
    def refuse(*_: object, **__: object) -> object:
        raise NotImplementedError(f"teach shared/testing/dying.py to count Connection.{name}")

    return refuse


def _words(arguments: Sequence[object]) -> str:
    """Return the statement on one line, or nothing for a call without one."""
    if not arguments or not isinstance(arguments[0], str):
        return ""
    return " ".join(arguments[0].split())[:PLACE_CHARACTERS]
