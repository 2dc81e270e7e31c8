"""A command of a route happens once, on what was there, and is answered with what it made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request

from services.permissions.application.commands import Expected, Outcome, PermissionCommands
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import POLICY_STREAM, Asked, Asking, Book, Fact, OnSubject
from services.permissions.domain.deciding import decide
from services.permissions.domain.subject.commands import SubjectCommand
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.idempotency import remembering
from shared.web.versions import etag, version_of_if_match

HEADERS: Final = {
    "ETag": "Its version.",
    "Daybook-Token": "The place of the change in the log; absent if nothing changed.",
    "Idempotency-Replayed": "true if this is the first answer again.",
}
Asks = Callable[[Book], Sequence[Asked]]
"""What is asked of the book as it is."""


class VersionView(BaseModel):
    """The version after the change."""

    version: int


CHANGED: Final = Answer("Done.", VersionView, HEADERS)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that changes something, and who sent it."""

    request: Request
    caller: Caller
    raw: bytes = b""
    """Its body."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it."""

    version: int
    made: str | None
    """The id of what was made, the first time if it was sent before."""
    headers: Mapping[str, str]

    def answer(self, status: int = 200, **told: object) -> JsonAnswer:
        """Return the answer: the version, and whatever else is told."""
        headers = {"ETag": etag(self.version), **self.headers}
        return JsonAnswer({**told, "version": self.version}, status, headers)


class Changes:
    """Runs the commands of routes."""

    def __init__(self, commands: PermissionCommands, book: PolicyBook, secret: bytes) -> None:
        """Run on these; `secret` tells repeated requests from other ones."""
        self._commands = commands
        self._secret = secret
        self.book = book

    async def run(
        self,
        sent: Sent,
        operation: str,
        asks: Asks,
        *,
        stream: str,
        made: UUID | None = None,
        expected: Expected | None = None,
        reason: str | None = None,
    ) -> Done:
        """Decide and store it.

        Args:
            sent: the request.
            operation: the route's name, to which an idempotency key belongs.
            asks: what is asked for.
            stream: whose version is told.
            made: the id of what this makes.
            expected: the versions that were read.
            reason: why, of a change of the policy: stored in clear text.

        Raises:
            DaybookError: a rule refuses it, somebody was faster, or a server does not answer.
        """

        def decided(book: Book, at: datetime) -> Sequence[Fact]:
            return decide(book, asks(book), Asking(sent.caller.subject, at, reason))

        remember = remembering(
            sent.request, sent.caller, sent.raw, self._secret, status=200, route=operation
        )
        if remember is not None and made is not None:
            # A repeated request is answered with the id that the first one got.
            remember = replace(remember, location=str(made))
        outcome = await self._commands.run(
            decided, by=sent.caller.subject, expected=expected, remember=remember, about=stream
        )
        return _done(outcome, stream, made)

    async def on_subject(
        self,
        sent: Sent,
        operation: str,
        subject_id: UUID,
        asks: Callable[[Book], SubjectCommand],
        *,
        made: UUID | None = None,
        is_as_read: bool = False,
    ) -> Done:
        """Change a subject; `is_as_read`: only as its version was read (If-Match).

        Raises as `run`.
        """
        stream = f"subject-{subject_id}"
        return await self.run(
            sent,
            operation,
            lambda book: [OnSubject(subject_id, asks(book))],
            stream=stream,
            made=made,
            expected={stream: version_of_if_match(sent.request)} if is_as_read else None,
        )

    async def on_policy(
        self, sent: Sent, operation: str, asks: Asks, reason: str | None = None
    ) -> JsonAnswer:
        """Change the policy as it was read (If-Match); returns the answer."""
        expected = {POLICY_STREAM: version_of_if_match(sent.request)}
        done = await self.run(
            sent, operation, asks, stream=POLICY_STREAM, expected=expected, reason=reason
        )
        return done.answer()


def _done(outcome: Outcome, stream: str, made: UUID | None) -> Done:
    headers = {} if outcome.token is None else {"Daybook-Token": str(outcome.token)}
    if (first := outcome.answered) is not None:
        headers["Idempotency-Replayed"] = "true"
        return Done(first.version, first.location, headers)
    return Done(outcome.versions.get(stream, 0), None if made is None else str(made), headers)
