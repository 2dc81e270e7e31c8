"""Why somebody may, why not, who could help, who can reach a record: now, or at a past moment.

Of a past moment the permissions are those that were in force then, folded from the store, and a
customer is as it was then, as far as that is known; every answer says which moment it is of.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from services.permissions.application.evaluating import AT_ONCE, Directory, Names
from services.permissions.application.past import PastWorlds
from services.permissions.application.questions import Entity
from services.permissions.application.resources import Resources, sensitivity_of
from shared.authorization.deciding import Answer, Code, decide
from shared.authorization.explaining import Explanation, explain
from shared.authorization.questions import Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Decisions
from shared.authorization.state import Grant
from shared.clock import Clock
from shared.errors import InvalidInputError

MOST_GIVERS: Final = 10
HIDING: Final = frozenset({Code.OUT_OF_SCOPE, Code.NO_GRANT})
"""Refusals whose mending would say whose a record is, and whether it is there at all."""

Known = Literal["as_it_is", "as_it_was", "not_known", "not_asked", "withheld"]
"""How the record was looked at."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What an answer is computed from.

    Args:
        basis: the permissions, their place in the log, and the moment.
        names: how people are called now.
        record: what is asked about; None: any record.
        known: how the record was looked at.
    """

    basis: Basis
    names: Names
    record: Record | None
    known: Known

    def around(self, subject: str) -> Circumstances:
        """Return what is known besides of a subject."""
        return Circumstances(subject=self.names.described(subject))

    def decide(self, subject: str, permission: str) -> Answer:
        """Return the decision."""
        its = self.basis
        around = self.around(subject)
        return decide(its.world, subject, permission, self.record, its.now, its.age, around)


@dataclass(frozen=True, slots=True)
class Why:
    """An explanation, what it is computed from, and people who could give what is missing."""

    ground: Ground
    explanation: Explanation
    people: Sequence[str] = ()


class Explainer:
    """Explains from the store and from what is known of records."""

    def __init__(
        self, decisions: Decisions, directory: Directory, resources: Resources, past: PastWorlds,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._decisions = decisions
        self._directory = directory
        self._resources = resources
        self._past = past
        self._clock = clock

    async def names(self) -> Names:
        """Return how everybody is called now."""
        return await self._directory.names(self._decisions.basis())

    async def ground(self, asked: Entity | None, as_of: datetime | None) -> Ground:
        """Return what an answer about a record is computed from, now or at a past moment.

        Raises:
            InvalidInputError: the moment is not past.
            UnavailableError: a database does not answer.
        """
        names = await self.names()
        if as_of is None:
            found = await self._resources.look_up([] if asked is None else [asked])
            basis = self._decisions.basis()
            if asked is None:
                return Ground(basis, names, None, "not_asked")
            record = self._resources.record(basis.world, asked, found)
            is_known = (asked.type, asked.id) in found or self._is_declared(asked)
            return Ground(basis, names, record, "as_it_is" if is_known else "not_known")
        if as_of > self._clock.now():
            raise InvalidInputError(
                "nobody knows yet what will be in force then",
                field="as_of",
                fix="send a moment that is past, or leave it out",
            )
        epoch, world = await self._past.as_of(as_of)
        basis = Basis(world, epoch, moment(as_of), 0.0)
        return await self._then(basis, names, asked, as_of)

    async def _then(
        self, basis: Basis, names: Names, asked: Entity | None, as_of: datetime
    ) -> Ground:
        if asked is None:
            return Ground(basis, names, None, "not_asked")
        own = self._resources.own(asked.type)
        if own is None:
            record = self._resources.record(basis.world, asked, {})
            is_known = self._is_declared(asked)
            return Ground(basis, names, record, "as_it_is" if is_known else "not_known")
        was = await own.at(asked.id, as_of)
        if was is None:
            return Ground(basis, names, Record(asked.type, asked.id), "not_known")
        sensitivity = sensitivity_of(basis.world, asked.type)
        return Ground(basis, names, was.record(asked.id, sensitivity), "as_it_was")

    def _is_declared(self, asked: Entity) -> bool:
        return asked.id in self._resources.named(asked.type)

    def why(self, ground: Ground, subject: str, permission: str, *, is_limited: bool) -> Why:
        """Return why the subject may or may not.

        Args:
            ground: what it is computed from.
            subject: who.
            permission: what.
            is_limited: whether whoever asks may know of the subject alone, so that nothing is told
                of a record that the subject does not reach, not even that it is there.
        """
        if is_limited and ground.record is not None:
            allowed, code, *_ = ground.decide(subject, permission)
            if code in HIDING:
                ground = replace(ground, record=Record(ground.record.type, ground.record.id))
            if not allowed:
                ground = replace(ground, known="withheld")
        its = ground.basis
        told = explain(
            its.world, subject, permission, ground.record, its.now, its.age, ground.around(subject)
        )
        return Why(ground, told, _holders(its, told.givers))

    async def who(
        self, ground: Ground, permission: str, after: str, limit: int
    ) -> Sequence[tuple[str, Answer]]:
        """Return the next subjects who may do this to the record, by id, each with the answer."""
        found: list[tuple[str, Answer]] = []
        for number, subject in enumerate(_behind(ground.basis, after), start=1):
            answer = ground.decide(subject, permission)
            if answer[0]:
                found.append((subject, answer))
                if len(found) == limit:
                    break
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        return found


def _behind(basis: Basis, after: str) -> Iterator[str]:
    return iter(sorted(one for one in basis.world.subjects if one > after))


def _holders(basis: Basis, roles: Sequence[str]) -> list[str]:
    """Return some people who have one of the roles at that moment, and may act."""
    wanted = set(roles)
    found: list[str] = []
    for name, subject in basis.world.subjects.items() if wanted else ():
        if subject.state == "active" and any(_holds(one, wanted, basis) for one in subject.grants):
            found.append(name)
    return sorted(found)[:MOST_GIVERS]


def _holds(grant: Grant, roles: set[str], basis: Basis) -> bool:
    shape = grant.shape
    is_open = shape.since <= basis.now < shape.until
    return grant.target in roles and shape.is_role and not shape.is_denial and is_open
