"""Questions in other programs' words are answered by the very decisions that every process makes.

What a caller says of a subject counts only if the caller is trusted; what it says of a resource
counts only where Daybook does not own that type: of its own it looks up what is true.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from services.permissions.application.people_records import PEOPLES
from services.permissions.application.questions import Action, Entity, Question
from services.permissions.application.resources import Key, Known, Resources, sensitivity_of
from shared.authorization.codes import Code
from shared.authorization.deciding import Answer
from shared.authorization.filtering import NOTHING
from shared.authorization.noting import NOBODY
from shared.authorization.permissions import OWN_TYPES
from shared.authorization.questions import Circumstances
from shared.authorization.rights import Basis, Decisions, Noted, Rights
from shared.web.decision_log import DecisionLog
from shared.web.searches import Search

PEOPLE: Final = frozenset({"user", "person"})
PROGRAMS: Final = frozenset({"service", "client"})
KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(PEOPLE, "person"),
    **dict.fromkeys(PROGRAMS, "service"),
}
AT_ONCE: Final = 200
"""Between so many decisions of a search others get their turn: each costs some microseconds."""


class Names(Protocol):
    """How other programs call subjects; it reads what is personal, so it lives in one service."""

    def id_of(self, name: str) -> str | None:
        """Return the id of the subject with this id or name; None: nobody."""
        ...

    def name_of(self, subject: str) -> str:
        """Return the name by which programs know a subject: its first identifier, else its id."""
        ...

    def shown(self, subject: str) -> str | None:
        """Return what people call a subject; None: it has no name, or was erased."""
        ...

    def described(self, subject: str) -> Mapping[str, object]:
        """Return the personal attributes that conditions may ask for: email, user_name."""
        ...


class Directory(Protocol):
    """Knows the names of subjects as of now."""

    async def names(self, basis: Basis) -> Names:
        """Return how everybody is called who is known to decisions on this basis."""
        ...


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The answer to one question, and why."""

    allowed: bool
    code: Code
    answer: Answer | None = None


class Sitting:
    """One request's questions, all answered from one world at one moment."""

    def __init__(
        self, basis: Basis, names: Names, resources: Resources, found: Mapping[Key, Known],
        caller: str, noted: Callable[[Noted], None],
    ) -> None:  # fmt: skip
        self.basis = basis
        self.names = names
        self._resources = resources
        self._found = found
        self._caller = caller
        self._noted = noted
        known = basis.world.subjects.get(caller)
        self._is_trusted = known is not None and known.is_trusted

    def evaluate(self, question: Question) -> Evaluated:
        """Return the answer to one question; whatever is unknown is denied."""
        return self.decided(self.subject(question.subject) or NOBODY, question)

    def decided(self, subject: str, question: Question) -> Evaluated:
        """Return the answer for a subject that is known already."""
        record = self._resources.record(self.basis.world, question.resource, self._found)
        answer = self.rights(subject, question).check(permission_of(question), record)
        return Evaluated(answer[0], answer[1], answer)

    def rights(self, subject: str, question: Question) -> Rights:
        """Return what the subject may do, in the question's circumstances."""
        around = self.around(subject, question)
        return Rights(self.basis, subject, around, self._noted, asked_by=self._caller)

    def around(self, subject: str, question: Question) -> Circumstances:
        """Return what is known besides: of the subject, of the action, of the context."""
        permission = permission_of(question)
        said: dict[str, Any] = {**personal(self.names, subject, permission)}
        if self._is_trusted:
            said.update(question.subject.properties)
        return Circumstances(
            deeds=self._resources.deeds(permission, question.resource),
            subject=said, action=question.action.properties, context=question.context,
        )  # fmt: skip

    def subject(self, asked: Entity) -> str | None:
        """Return the id of the subject that is meant; None: nobody of that type."""
        subject = self.names.id_of(asked.id)
        known = self.basis.world.subjects.get(subject) if subject is not None else None
        if known is None or known.kind != KINDS.get(asked.type):
            return None
        return subject


class Evaluator:
    """Answers from what the process knows at the moment of the request."""

    def __init__(
        self, decisions: Decisions, directory: Directory, resources: Resources, log: DecisionLog
    ) -> None:
        """Answer, and count what searches decide in the log."""
        self._log = log
        self._decisions = decisions
        self._directory = directory
        self._resources = resources

    async def sit(
        self, about: Iterable[Entity], caller: str, noted: Callable[[Noted], None]
    ) -> Sitting:
        """Begin to answer a request.

        Args:
            about: every resource that its questions name; they are looked up together.
            caller: who asks, by the subject's id.
            noted: takes each decision, for the record.

        Raises:
            UnavailableError: a database does not answer.
        """
        found = await self._resources.look_up(about)
        names = await self._directory.names(self._decisions.basis())
        # Taken last, so that nothing was revoked while we waited.
        return Sitting(self._decisions.basis(), names, self._resources, found, caller, noted)

    async def subjects(
        self, kind: str, question: Question, caller: str, after: str, limit: int
    ) -> Sequence[tuple[str, str]]:
        """Return (id, name) of the next subjects of a kind who may, by id, behind `after`."""
        with Search(self._log, caller, of_many=True) as search:
            sitting = await self.sit([question.resource], caller, search.noted)
            wanted, world = KINDS.get(kind), sitting.basis.world
            its = (one for one, known in world.subjects.items() if known.kind == wanted)
            found = await _first(
                (one for one in sorted(its) if one > after),
                lambda one: sitting.decided(one, question).allowed,
                limit,
            )
        return [(one, sitting.names.name_of(one)) for one in found]

    async def resources(
        self, question: Question, caller: str, after: str, limit: int
    ) -> Sequence[str]:
        """Return the ids of the next resources of a type that the subject may act on, by id.

        Daybook's own are selected by the row filter, which finds exactly what a check of each
        would allow, in one read however many there are.
        """
        with Search(self._log, caller) as search:
            sitting = await self.sit((), caller, search.noted)
            subject = sitting.subject(question.subject)
            kind = question.resource.type
            if subject is None:
                return ()
            is_peoples = kind in PEOPLES
            if self._resources.is_owned(kind) and not is_peoples:
                return await self._own(sitting, subject, question, after, limit)

            def allows(resource_id: str) -> bool:
                one = replace(question, resource=Entity(kind, resource_id))
                return sitting.decided(subject, one).allowed

            people = sitting.basis.world.subjects
            known = sorted(people) if is_peoples else self._resources.named(kind)
            named = (one for one in known if one > after)
            return await _first(named, allows, limit)

    async def actions(
        self, question: Question, caller: str, after: str, limit: int
    ) -> Sequence[str]:
        """Return the next actions that the question's subject may do to its resource, by name."""
        with Search(self._log, caller) as search:
            sitting = await self.sit([question.resource], caller, search.noted)
            subject = sitting.subject(question.subject)
            if subject is None:
                return ()
            prefix = f"{question.resource.type}:"
            those = (one for one in sitting.basis.world.limits if one.startswith(prefix))
            names = sorted(one.removeprefix(prefix) for one in those)

            def allows(name: str) -> bool:
                return sitting.decided(subject, replace(question, action=Action(name))).allowed

            return await _first((one for one in names if one > after), allows, limit)

    async def _own(
        self, sitting: Sitting, subject: str, question: Question, after: str, limit: int
    ) -> Sequence[str]:
        kind = question.resource.type
        own = self._resources.own(kind)
        if own is None:
            return ()
        rank = sensitivity_of(sitting.basis.world, kind)
        columns = replace(own.columns, sensitivity="null" if rank is None else str(rank))
        values: list[object] = []

        def bind(value: object) -> str:
            values.append(value)
            return f"${len(values)}"

        rights = sitting.rights(subject, question)
        rows = rights.rows(permission_of(question), columns, bind)
        return () if rows.sql == NOTHING else await own.page(rows.sql, values, after, limit)


def permission_of(question: Question) -> str:
    """Return the permission that a question is about."""
    return f"{question.resource.type}:{question.action.name}"


def personal(names: Names, subject: str, permission: str) -> Mapping[str, object]:
    """Return the personal attributes by which conditions on a permission are decided.

    None where Daybook itself owns the type: the processes that decide there do not have them.
    """
    return {} if is_own(permission) or subject == NOBODY else names.described(subject)


def is_own(permission: str) -> bool:
    """Say whether Daybook itself owns the type that a permission is about."""
    return permission.partition(":")[0] in OWN_TYPES


async def _first(those: Iterator[str], allows: Callable[[str], bool], limit: int) -> list[str]:
    """Return the first so many that are allowed; others have their turn meanwhile."""
    found: list[str] = []
    for number, one in enumerate(those, start=1):
        if len(found) >= limit:
            break
        if allows(one):
            found.append(one)
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return found
