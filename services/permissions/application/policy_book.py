"""All permissions with the names of people, folded from the store itself, as decisions need them.

It is in memory: some thousand people and their grants. Whoever decides catches up first, and what
was decided is stored only if nothing was appended since.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.permissions.application.grant_holders import GrantHolders
from services.permissions.application.leavers import Leavers
from services.permissions.application.subject_names import SubjectNames
from services.permissions.domain.book import (
    POLICY_STREAM,
    Book,
    Fact,
    PolicyFact,
    ReviewFact,
    SubjectFact,
    TeamFact,
)
from services.permissions.domain.subject.events import SubjectJoined
from services.permissions.domain.subject.grant_events import GrantApproved, GrantGiven
from services.permissions.domain.subject.state import NOBODY
from services.permissions.storage.codec import CODEC
from shared.errors import UnavailableError
from shared.events import Event, RecordedEvent
from shared.eventstore.rows import EVENT_COLUMNS, event_of
from shared.postgres.lanes import Lanes
from shared.projecting.canary import CanarySent
from shared.security.subject_keys import SubjectKeys

PAGE: Final = 1_000
PAST_PAGE: Final = 200
"""Nobody else waits for longer than it takes to fold so many events of the past."""
APART: Final = (CanarySent.__name__,)
"""Types of events that decide nothing."""
READ: Final = f"""select {EVENT_COLUMNS},
        e.txid < pg_snapshot_xmin(pg_current_snapshot()) as is_settled
    from events e
    where e.partition = 0 and (e.txid, e.position) > ($1::xid8, $2::bigint)
    order by e.txid, e.position limit $3"""
READ_UNTIL: Final = READ.replace(
    "order by", "and (e.txid, e.position) <= ($4::xid8, $5::bigint) order by"
)


@dataclass(slots=True)
class _Folded:
    """How far the book is, and what it takes to go on."""

    epoch: int
    book: Book = field(default_factory=Book)
    versions: dict[str, int] = field(default_factory=dict)
    kids: dict[UUID, str] = field(default_factory=dict)
    commitments: dict[UUID, str] = field(default_factory=dict)
    place: tuple[int, int] = (0, 0)
    unopened: str | None = None
    """The reference of a key without which somebody's name is not known, until it can be had."""
    names: SubjectNames = field(default_factory=SubjectNames)
    given_at: dict[UUID, datetime] = field(default_factory=dict)
    leavers: Leavers = field(default_factory=Leavers)
    grants: GrantHolders = field(default_factory=GrantHolders)
    facts: int = 0
    ordered: Sequence[UUID] = ()


class PolicyBook:
    """The book of one process; safe to share between tasks."""

    def __init__(self, lanes: Lanes, keys: SubjectKeys) -> None:
        self._lanes = lanes
        self._keys = keys
        self._catching_up = asyncio.Lock()
        self._now = _Folded(0)

    @property
    def book(self) -> Book:
        """Return what is known; nobody but `catch_up` may change it."""
        return self._now.book

    @property
    def names(self) -> SubjectNames:
        """Return how everybody is called; nobody but `catch_up` may change it."""
        return self._now.names

    @property
    def ordered(self) -> Sequence[UUID]:
        """Return the id of everybody who is or was there, in their order."""
        now = self._now
        if len(now.ordered) != len(now.book.subjects):
            now.ordered = sorted(now.book.subjects, key=attrgetter("int"))
        return now.ordered

    @property
    def place(self) -> tuple[int, int]:
        """Return the place in the log (txid, position) up to which it is known."""
        return self._now.place

    @property
    def facts(self) -> int:
        """Return how many facts it is folded from."""
        return self._now.facts

    @property
    def given_at(self) -> Mapping[UUID, datetime]:
        """Return when each grant was given; nobody but `catch_up` may change it."""
        return self._now.given_at

    @property
    def grant_holders(self) -> Mapping[UUID, UUID]:
        """Return whose each grant and each request is; nobody but `catch_up` may change it."""
        return self._now.grants.holders

    @property
    def leavers(self) -> Leavers:
        """Return who is gone; nobody but `catch_up` may change it."""
        return self._now.leavers

    @property
    def is_nameless(self) -> bool:
        """Say whether somebody's name is not known, because the key database did not answer."""
        return self._now.unopened is not None

    @property
    def epoch(self) -> int:
        """Return which life of the store it is of."""
        return self._now.epoch

    @property
    def versions(self) -> Mapping[str, int]:
        """Return each stream's version; nobody but `catch_up` may change it."""
        return self._now.versions

    def version_of(self, stream: str) -> int:
        """Return a stream's version; 0 if there is none."""
        return self._now.versions.get(stream, 0)

    def kid_of(self, subject_id: UUID) -> str | None:
        """Return the reference of the key of somebody who is or was there."""
        return self._now.kids.get(subject_id)

    def commitment_of(self, subject_id: UUID) -> str:
        """Return the commitment to that key, for whoever comes back."""
        return self._now.commitments[subject_id]

    async def catch_up(self) -> None:
        """Take in everything that was committed until now.

        Raises:
            UnavailableError: the store does not answer. Without the key database names are
                missing until it answers again.
        """
        async with self._catching_up:
            epoch = await self._lanes.fetchval("select epoch from store")
            # A store that was restored may lack what was folded.
            now = self._now if epoch == self._now.epoch else _Folded(epoch)
            if now.unopened is not None and await self._is_there(now.unopened):
                now = _Folded(epoch)
            while await self._take_in(now, await self._lanes.fetch(READ, *now.place, PAGE)) == PAGE:
                pass
            self._now = now

    async def until(self, epoch: int, place: tuple[int, int]) -> Book:
        """Return everything as it was at a settled place in the log, folded anew.

        It is not kept: names are known as long as their keys are there.

        Raises:
            UnavailableError: the store does not answer.
        """
        then = _Folded(epoch)
        while rows := await self._lanes.fetch(READ_UNTIL, *then.place, PAST_PAGE, *place):
            await self._take_in(then, rows)
        return then.book

    async def _is_there(self, kid: str) -> bool:
        try:
            await self._keys.find([kid])
        except UnavailableError:
            return False
        return True

    async def _take_in(self, now: _Folded, rows: Sequence[asyncpg.Record]) -> int:
        recorded = [event_of(row) for row in rows]
        opening = _Opening(self._keys)
        events = await CODEC.decode(recorded, opening)
        now.unopened = now.unopened or opening.unopened
        for row, record, event in zip(rows, recorded, events, strict=True):
            _take(now, record, event)
            # Decisions wait for each other, so none comes before one that is here; before anything
            # else a decision may still come, as long as an older transaction is under way.
            if row["is_settled"] or record.type not in APART:
                now.place = (record.txid, record.position)
        return len(recorded)


class _Opening:
    """Keys for reading: who has none any more, or for now, is without a name, and nobody waits."""

    def __init__(self, keys: SubjectKeys) -> None:
        self._keys = keys
        self.unopened: str | None = None
        """The reference of a key that could not be asked for."""

    async def read(self, kids: Iterable[str]) -> Mapping[str, AESGCM | None]:
        wanted = set(kids)
        if not wanted:
            return {}
        try:
            found = await self._keys.find(wanted)
        except UnavailableError:
            self.unopened = next(iter(wanted))
            found = {}
        return {kid: found.get(kid) for kid in wanted}


def nameless() -> UnavailableError:
    """Return the refusal of what cannot be decided without the names of people."""
    return UnavailableError(
        "the names of some people cannot be read now: the key database does not answer",
        fix="start the key database; revoking, suspending and leaving work meanwhile",
        who_can_help="an operator",
        retry_after_seconds=5,
    )


def _take(now: _Folded, record: RecordedEvent, event: Event | None) -> None:
    now.versions[record.stream] = record.version
    fact = _fact(record.stream, event)
    if fact is None:
        return
    if isinstance(fact, SubjectFact) and isinstance(fact.event, SubjectJoined):
        now.kids.setdefault(fact.subject_id, CODEC.subject_of(record) or "")
        now.commitments.setdefault(fact.subject_id, fact.event.key_commitment)
    now.facts += 1
    before = now.book.subject(fact.subject_id) if isinstance(fact, SubjectFact) else NOBODY
    now.book.fold(fact, record.origin.actor)
    if isinstance(fact, SubjectFact):
        if isinstance(fact.event, GrantGiven | GrantApproved):
            now.given_at[fact.event.grant_id] = record.recorded_at
        subject = now.book.subject(fact.subject_id)
        now.grants.follow(fact.subject_id, before, subject)
        now.names.follow(fact.subject_id, subject, fact.event)
        now.leavers.follow(fact.subject_id, fact.event, record)


def _fact(stream: str, event: Any) -> Fact | None:  # noqa: ANN401 - of the type of its stream
    if event is None:
        return None
    if stream == POLICY_STREAM:
        return PolicyFact(event)
    kind, _, name = stream.partition("-")
    match kind:
        case "subject":
            return SubjectFact(UUID(name), event)
        case "team":
            return TeamFact(UUID(name), event)
        case "review":
            return ReviewFact(UUID(name), event)
        case _:
            return None


def streams_of(facts: Sequence[Fact]) -> dict[str, list[Fact]]:
    """Return the facts by stream, the policy's first: all decisions wait for each other there."""
    by_stream: dict[str, list[Fact]] = {POLICY_STREAM: []}
    for fact in facts:
        by_stream.setdefault(fact.stream, []).append(fact)
    return by_stream
