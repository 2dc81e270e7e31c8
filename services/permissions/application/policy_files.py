"""A policy file is looked at, applied by somebody, or sets Daybook up; always as a whole."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from uuid6 import uuid7

from services.permissions.application.commands import Outcome, PermissionCommands
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import POLICY_STREAM, Asking, Book, Fact
from services.permissions.domain.deciding import has_administrator, refuse_second_installation
from services.permissions.domain.policy_file.planning import Plan, foresee, plan
from services.permissions.domain.policy_file.reading import ReadPolicy, read_policy
from services.permissions.domain.policy_file.writing import holds_until, write_policy
from services.permissions.domain.second_person import approve
from services.permissions.domain.what_if import WhatIf
from shared.clock import Clock
from shared.errors import RuleBrokenError
from shared.eventstore.writing import Remember

DEFAULT: Final = Path(__file__).parents[1] / "policies" / "default.yaml"
"""The policy that Daybook starts with."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a file changes, and what came of it; no outcome: it was only looked at."""

    plan: Plan
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class _Written:
    """Everything as a file, as it was at one time."""

    text: str
    version: int
    is_of: tuple[int, int]
    written_at: datetime
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        """Say whether nothing in it begins or ends before then."""
        return self.written_at <= at and (self.until is None or at < self.until)


class PolicyFiles:
    """Plans, applies and writes policy files."""

    def __init__(self, book: PolicyBook, commands: PermissionCommands, clock: Clock) -> None:
        self._book = book
        self._commands = commands
        self._clock = clock
        self._writing = asyncio.Lock()
        self._written: _Written | None = None

    async def write(self) -> tuple[str, int]:
        """Return everything as a file, and the version of the policy in it.

        Written beside the event loop, and once for all who ask as long as it says what is.
        """
        async with self._writing:
            await self._book.catch_up()
            now, is_of = self._clock.now(), (self._book.epoch, self._book.facts)
            kept = self._written
            if kept is None or kept.is_of != is_of or not kept.holds(now):
                book, version = self._book.book.copy(), self._book.version_of(POLICY_STREAM)
                self._written = kept = await asyncio.to_thread(_write, book, version, now, is_of)
            return kept.text, kept.version

    async def look(self, text: str, *, by: str) -> Applied:
        """Return what applying would change; nothing happens (raises as `apply`)."""
        policy = await asyncio.to_thread(read_policy, text)
        await self._book.catch_up()
        asking = _looking(text, policy, by, self._clock.now())
        book = self._book.book.copy()
        return Applied(await asyncio.to_thread(plan, book, policy, asking, _new_ids()), None)

    async def approve(self, text: str, *, by: str) -> Applied:
        """Agree that somebody else applies this very file, as long as it does the very same.

        Raises:
            RuleBrokenError: nobody has to agree to it.
            DaybookError: as `apply`, also where who agrees could not do it.
        """
        planned: list[Plan] = []

        def decide(book: Book, at: datetime) -> Sequence[Fact]:
            asking = _looking(text, policy, by, at)
            planned[:] = [plan(book, policy, asking, _new_ids())]
            return approve(planned[0].after, asking)

        policy = await asyncio.to_thread(read_policy, text)
        outcome = await self._commands.run(decide, by=by)
        return Applied(planned[0], outcome)

    async def apply(self, text: str, *, by: str, remember: Remember | None = None) -> Applied:
        """Do what the file says, all of it or nothing.

        Raises:
            InvalidInputError: it is no policy file; each mistake with its line.
            DaybookError: a rule refuses it; `field` says at which line.
            NotPermittedError: two people must agree, and nobody else approved it.
            UnavailableError: a server does not answer.
        """
        planned: list[Plan] = []

        def decide(book: Book, at: datetime) -> Sequence[Fact]:
            asking = Asking(by, at, policy.file.reason, change=_digest(text))
            planned[:] = [plan(book, policy, asking, _new_ids())]
            return planned[0].facts

        policy = await asyncio.to_thread(read_policy, text)
        outcome = await self._commands.run(decide, by=by, remember=remember)
        if not planned:
            # Applied before, with the same idempotency key: nothing happens now.
            return Applied(Plan((), (), (), self._book.book), outcome)
        return Applied(planned[0], outcome)

    async def set_up(self, texts: Sequence[str], *, by: str) -> Outcome:
        """Apply files to a store without an administrator, once; nobody has to agree.

        Raises:
            RuleBrokenError: there is an administrator already, or would be none.
            DaybookError: as `apply`.
        """
        policies = [read_policy(text) for text in texts]
        return await self._commands.run(lambda book, at: _all(book, policies, by, at), by=by)


def foreseen(book: Book, text: str, *, by: str, at: datetime) -> WhatIf:
    """Return what applying would change whoever did it then, and why this one could not.

    Raises as `apply` where nobody could.
    """
    policy = read_policy(text)
    return foresee(book, policy, _looking(text, policy, by, at), _new_ids())


def _write(book: Book, version: int, at: datetime, is_of: tuple[int, int]) -> _Written:
    return _Written(write_policy(book, at), version, is_of, at, holds_until(book, at))


def _all(book: Book, policies: Sequence[ReadPolicy], by: str, at: datetime) -> list[Fact]:
    facts: list[Fact] = []
    refuse_second_installation(book, Asking(by, at, is_installation=True))
    for policy in policies:
        asking = Asking(by, at, policy.file.reason, is_installation=True)
        planned = plan(book, policy, asking, _new_ids())
        facts += planned.facts
        book = planned.after
    if not has_administrator(book):
        raise RuleBrokenError(
            "nobody in these files could give anything to anybody",
            code="no-administrator",
            field="subjects",
            fix="let a person in them have the role permission_admin, without an end",
            who_can_help="whoever wrote the files",
        )
    return facts


def _looking(text: str, policy: ReadPolicy, by: str, at: datetime) -> Asking:
    return Asking(by, at, policy.file.reason, change=_digest(text), is_looking=True)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _new_ids() -> Iterator[UUID]:
    while True:
        yield uuid7()
