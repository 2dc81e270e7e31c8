"""What is asked is decided on the whole book, and stored in one transaction if it is still so."""

import asyncio
from asyncio import Event as Signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.permissions.application.policy_book import APART, PolicyBook, streams_of
from services.permissions.application.sealing import Keys, Sealing, encoded
from services.permissions.domain.book import POLICY_STREAM, Book, Fact
from services.permissions.domain.subject.grant_events import GrantGiven
from shared.clock import Clock
from shared.errors import VersionConflictError
from shared.events import Event
from shared.eventstore.origins import origin_of
from shared.eventstore.record_types import EmergencyTaken
from shared.eventstore.records import record_columns
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.eventstore.writing import NOTHING_TO_REMEMBER, Appended, Remember, StreamAppend
from shared.messaging.topics import ACCESS
from shared.security.subject_keys import SubjectKeys

STORE: Final = """select * from append_as_seen($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
    $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)"""
STORE_AND_KEEP: Final = f"""select s.*, keep_records($27, $28, $29, $30, $31, $32, $33, $34, $35,
    $36, $37) from ({STORE}) s"""
TRIES: Final = 10
"""Administrators are few; so many at the same moment is an accident."""

Decide = Callable[[Book, datetime], Sequence[Fact]]
Expected = Mapping[str, int]
"""Stream → the version that somebody read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to."""

    facts: Sequence[Fact]
    token: TokenPart | None
    """None: nothing changed."""
    versions: Expected
    """Stream → the version that it has after this; nothing of what was answered before."""
    answered: Appended | None = None
    """The first answer, if this was asked before with the same idempotency key."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The book at the moment of deciding; another command may go on with the one in memory."""

    place: tuple[int, int]
    versions: Expected
    book: Book
    is_nameless: bool

    def version_of(self, stream: str) -> int:
        return self.versions.get(stream, 0)


class PermissionCommands:
    """Runs decisions; safe to share between tasks."""

    def __init__(
        self,
        store: EventStore,
        book: PolicyBook,
        keys: SubjectKeys,
        clock: Clock,
        appended: Signal,
    ) -> None:
        """Work on this store; `appended` is set after each commit, so that the relay wakes."""
        self._store = store
        self._book = book
        self._sealing = Sealing(keys, book)
        self._clock = clock
        self._appended = appended

    async def run(
        self,
        decide: Decide,
        *,
        by: str,
        expected: Expected | None = None,
        remember: Remember | None = None,
        about: str | None = None,
    ) -> Outcome:
        """Catch up, decide, store; if somebody was faster, once more.

        Args:
            decide: returns the facts; it is asked again on a newer book if need be.
            by: who asks.
            expected: versions that were read; another one refuses.
            remember: what to keep under the idempotency key.
            about: the stream whose version goes with that; None: of the first fact.

        Raises:
            DaybookError: what `decide` refuses.
            VersionConflictError: a stream is at another version than was read.
            UnavailableError: a server does not answer.
        """
        for _ in range(TRIES):
            await self._book.catch_up()
            if remember is not None and (done := await self._store.remembered(remember)):
                return Outcome((), done.token, {}, done)
            now = self._book
            seen = _Seen(now.place, dict(now.versions), now.book.copy(), now.is_nameless)
            _refuse_stale(seen, expected or {})
            # A change of the policy looks at everybody: beside the event loop, which goes on.
            facts = await asyncio.to_thread(decide, seen.book, self._clock.now())
            if not facts and remember is None:
                return Outcome((), None, seen.versions)
            try:
                told = about or (facts[0].stream if facts else POLICY_STREAM)
                kept = remember or NOTHING_TO_REMEMBER
                facts, keys = await self._sealing.ready(facts, is_nameless=seen.is_nameless)
                token = await self._append(facts, keys, seen, by, kept, told)
            except VersionConflictError:
                continue
            self._appended.set()
            await self._book.catch_up()
            made = Counter(seen.versions) + Counter(fact.stream for fact in facts)
            return Outcome(facts, token if facts else None, made)
        raise VersionConflictError(
            "others keep changing permissions at this moment", fix="try again in a moment"
        )

    async def _append(
        self,
        facts: Sequence[Fact],
        keys: Keys,
        seen: _Seen,
        by: str,
        remember: Remember,
        told: str,
    ) -> TokenPart:
        appends = [
            StreamAppend(
                stream, _subject(stream), seen.version_of(stream), [encoded(f, keys) for f in its]
            )
            for stream, its in streams_of(facts).items()
            # A stream begins with an event.
            if its or seen.version_of(stream)
        ]
        count = sum(fact.stream == told for fact in facts)
        now = self._clock.now()
        kept = [record_columns(each, by, by, ACCESS.partitions, now) for each in _records_of(facts)]
        return await self._store.append_with(
            STORE_AND_KEEP if kept else STORE, appends, origin_of(by),
            now, *seen.place, list(APART), remember.key, remember.body_mac,
            remember.status, remember.location, told, seen.version_of(told) + count,
            *(list(column) for column in zip(*kept, strict=True)),
        )  # fmt: skip


def _subject(stream: str) -> str:
    """Return whose events a stream has: the id of the subject or team, or the policy."""
    return stream.partition("-")[2] or stream


def _records_of(facts: Sequence[Fact]) -> Iterator[Event]:
    """Return what is put on record with the facts: no emergency is there without its alarm."""
    for event in (fact.event for fact in facts):
        if isinstance(event, GrantGiven) and event.is_break_glass and event.until is not None:
            yield EmergencyTaken(grant_id=str(event.grant_id), until=event.until)


def _refuse_stale(seen: _Seen, expected: Expected) -> None:
    for stream, version in expected.items():
        now = seen.version_of(stream)
        # What is not there at all is told by whoever decides.
        if now not in {0, version}:
            raise VersionConflictError(
                f"you read version {version}, it is at {now}",
                current_version=now,
                field="If-Match",
                fix="read it again, look at what changed, and send the change with the new ETag",
            )
