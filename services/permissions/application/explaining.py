"""Why somebody may, why not, who could help, who can reach a record: now, or at a past moment.

Of a past moment the permissions are those that were in force then, folded from the store, and a
customer is as it was then, as far as that is known; every answer says which moment it is of.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final, Literal

from services.permissions.application.evaluating import AT_ONCE, Directory, Names, is_own, personal
from services.permissions.application.known_people import KnownPeople
from services.permissions.application.past import PastWorlds, refuse_future
from services.permissions.application.people_records import AGREEING, NO_DEEDS, PEOPLES, Deeds
from services.permissions.application.questions import Entity
from services.permissions.application.resources import Resources, sensitivity_of
from services.permissions.application.sight import needed_to_see, sees
from shared.authorization.codes import Code
from shared.authorization.deciding import Answer, decide
from shared.authorization.explaining import Explanation, explain
from shared.authorization.questions import Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Decisions, Rights
from shared.authorization.state import Grant
from shared.authorization.unseen import as_refused, decide_unseen, explain_unseen
from shared.authorization.world import World
from shared.clock import Clock

MOST_GIVERS: Final = 10

Known = Literal["as_it_is", "as_it_was", "not_known", "not_asked", "withheld"]
"""How the record was looked at."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What an answer is computed from.

    Args:
        basis: the permissions, their place in the log, and the moment.
        names: how people are called now.
        people: whom of them whoever asks may be told of by name.
        record: what is asked about; None: any record.
        known: how the record was looked at; withheld: of the record there are but type and id.
        needed: the permissions that it takes to see the record.
        unseen_by: who asks, and may not see the record now; None: that is not so, or not known.
        of_past: the moment is past; the personal attributes of subjects are not of it, but of now.
        really: what is withheld but for whether whoever asks may themself: their routes tell that.
        deeds: who asked for what would be approved, as `Circumstances` has it; None: not known.
        asks: the rights of whoever asks, of now: what is asked while acting as somebody else is
            answered of both. None: of a past moment, or of nobody's own.
    """

    basis: Basis
    names: Names
    people: KnownPeople
    record: Record | None
    known: Known
    needed: tuple[str, ...] = ()
    unseen_by: str | None = None
    of_past: bool = False
    really: Record | None = None
    deeds: Deeds | None = None
    asks: Rights | None = None

    def around(self, subject: str, permission: str) -> Circumstances:
        """Return what is known besides of a subject."""
        is_told = self.known != "withheld" or subject == self.unseen_by
        deeds = NO_DEEDS if permission != AGREEING else self.deeds if is_told else None
        asks = self.asks
        actor = None if asks is None or asks.subject != subject else asks.around.actor
        its = personal(self.names, subject, permission)
        return Circumstances(actor=actor, deeds=deeds, subject=its)

    def is_personal_of_now(self, permission: str) -> bool:
        """Say whether conditions on it are met by personal attributes of another moment."""
        return self.of_past and not is_own(permission)

    def decide(self, subject: str, permission: str) -> Answer:
        """Return the decision."""
        its, around = self.basis, self.around(subject, permission)
        if self.record is not None and self.known == "withheld":
            really = self._may_really(subject, permission)
            answer = really or decide_unseen(
                its.world, subject, permission, self.record, its.now, its.age, around
            )
        else:
            answer = decide(its.world, subject, permission, self.record, its.now, its.age, around)
        return _but_for_deeds(answer, around)

    def explain(self, subject: str, permission: str) -> Explanation:
        """Return the decision, what it was made of and what would change it."""
        its, around = self.basis, self.around(subject, permission)
        if self.record is not None and self.known == "withheld":
            if self._may_really(subject, permission):
                record: Record | None = self.really
            else:
                return self._explain_unseen(subject, permission, self.record, around)
        else:
            record = self.record
        told = explain(its.world, subject, permission, record, its.now, its.age, around)
        return _but_for_deeds_told(told, around)

    def _explain_unseen(
        self, subject: str, permission: str, record: Record, around: Circumstances
    ) -> Explanation:
        its = self.basis
        told = explain_unseen(its.world, subject, permission, record, its.now, its.age, around)
        is_own = subject == self.unseen_by and (
            permission in self.needed or self.really is not None
        )
        if is_own:
            return as_refused(its.world, subject, permission, record, told)
        return _but_for_deeds_told(told, around)

    def _may_really(self, subject: str, permission: str) -> Answer | None:
        """Return by what whoever asks may do it, though they do not see the record."""
        if self.really is None or subject != self.unseen_by:
            return None
        its, around = self.basis, self.around(subject, permission)
        answer = decide(its.world, subject, permission, self.really, its.now, its.age, around)
        return answer if answer[0] else None


def _but_for_deeds(answer: Answer, around: Circumstances) -> Answer:
    """Return that it cannot be told where nobody knows who asked, so that duties stay apart."""
    is_open = answer[1] is Code.SEPARATION_OF_DUTIES and around.deeds is None
    return (False, Code.DEEDS_UNKNOWN, *answer[2:]) if is_open else answer


def _but_for_deeds_told(told: Explanation, around: Circumstances) -> Explanation:
    answer = _but_for_deeds(told.answer, around)
    return told if answer is told.answer else replace(told, answer=answer, fixes=(), givers=())


@dataclass(frozen=True, slots=True)
class Found:
    """A record that was looked up."""

    record: Record
    known: Known


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

    async def ground(self, asked: Entity | None, as_of: datetime | None, asks: Rights) -> Ground:
        """Return what an answer about a record is computed from, now or at a past moment.

        Args:
            asked: the record; None: any record.
            as_of: the moment; None: now.
            asks: the rights of whoever asks, who is told of what they may see alone.

        Raises:
            InvalidInputError: the moment is not past.
            UnavailableError: a database does not answer.
        """
        names, basis = await self.names(), self._decisions.basis()
        now = None if asked is None else await self._now(basis.world, asked)
        if as_of is None:
            return replace(self._ground(basis, names, asked, now, asks), asks=asks)
        refuse_future(as_of, self._clock.now())
        epoch, world = await self._past.as_of(as_of)
        basis = Basis(world, epoch, moment(as_of), 0.0)
        then = None if asked is None else await self._then(world, asked, as_of)
        return replace(self._ground(basis, names, asked, then, asks, now), of_past=True)

    def _ground(
        self, basis: Basis, names: Names, asked: Entity | None, found: Found | None,
        asks: Rights, now: Found | None = None,
    ) -> Ground:  # fmt: skip
        of_past, people = now is not None, KnownPeople(names, asks)
        if asked is None or found is None:
            return Ground(basis, names, people, None, "not_asked")
        images = [one.record if one.known != "not_known" else None for one in (found, now) if one]
        deeds = None if of_past else self._resources.deeds(AGREEING, asked)
        if sees(asks, self._resources, asked, images, of_past=of_past):
            return Ground(basis, names, people, found.record, found.known, deeds=deeds)
        blank = Record(asked.type, asked.id, None, sensitivity_of(basis.world, asked.type))
        needed = needed_to_see(asks.basis.world, asked, of_past=of_past)
        unseen_by = None if of_past else asks.subject
        really = found.record if asked.type in PEOPLES and not of_past else None
        return Ground(
            basis, names, people, blank, "withheld", needed, unseen_by, really=really, deeds=deeds
        )

    async def _now(self, world: World, asked: Entity) -> Found:
        found = await self._resources.look_up([asked])
        record = self._resources.record(world, asked, found)
        is_known = (asked.type, asked.id) in found or self._is_declared(asked)
        is_known |= asked.type in PEOPLES and record.owner in world.subjects
        return Found(record, "as_it_is" if is_known else "not_known")

    async def _then(self, world: World, asked: Entity, as_of: datetime) -> Found:
        own = self._resources.own(asked.type)
        if asked.type in PEOPLES:
            its = self._resources.record(world, asked, {})
            return Found(its, "as_it_was" if its.owner in world.subjects else "not_known")
        if own is None:
            return await self._now(world, asked)
        was = await own.at(asked.id, as_of)
        if was is None:
            return Found(Record(asked.type, asked.id), "not_known")
        return Found(was.record(asked.id, sensitivity_of(world, asked.type)), "as_it_was")

    def _is_declared(self, asked: Entity) -> bool:
        return asked.id in self._resources.named(asked.type)

    def why(self, ground: Ground, subject: str, permission: str) -> Why:
        """Return why the subject may or may not."""
        told = ground.explain(subject, permission)
        return Why(ground, told, holders(ground, told.givers))

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


def holders(ground: Ground, roles: Sequence[str]) -> list[str]:
    """Return some people who have one of the roles then, may act, and may be told of."""
    basis, wanted = ground.basis, set(roles)
    found: list[str] = []
    for name, subject in basis.world.subjects.items() if wanted else ():
        is_there = subject.state == "active" and subject.kind == "person"
        if is_there and any(_holds(one, wanted, basis) for one in subject.grants):
            found.append(name)
    return list(islice(ground.people.known(sorted(found)), MOST_GIVERS))


def _holds(grant: Grant, roles: set[str], basis: Basis) -> bool:
    shape = grant.shape
    is_open = shape.since <= basis.now < shape.until
    return grant.target in roles and shape.is_role and not shape.is_denial and is_open
