"""Questions in other programs' words are answered by the very decisions that every process makes.

What a caller says of a subject counts only if the caller is trusted; what it says of a resource
counts only where Daybook does not own that type: of its own it looks up what is true.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from services.permissions.application.questions import Action, Entity, Properties, Question
from shared.authorization.deciding import Answer, Code, decide
from shared.authorization.questions import Circumstances, Record
from shared.authorization.world import World

PEOPLE: Final = frozenset({"user", "person"})
PROGRAMS: Final = frozenset({"service", "client"})
WHOLE: Final = "*"
_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(PEOPLE, "person"),
    **dict.fromkeys(PROGRAMS, "service"),
}


class SubjectNames(Protocol):
    """How other programs call subjects; it reads what is personal, so it lives in one service."""

    def id_of(self, name: str) -> str | None:
        """Return the id of the subject with this id or identifier; None: nobody."""
        ...

    def name_of(self, subject: str) -> str:
        """Return the name by which programs know a subject: its first identifier, else its id."""
        ...

    def described(self, subject: str) -> Properties:
        """Return the personal attributes that conditions may ask for: email, user_name."""
        ...


class Resources(Protocol):
    """The records that are known here."""

    def is_owned(self, resource_type: str) -> bool:
        """Say whether Daybook itself owns records of this type."""
        ...

    def find(self, resource_type: str, resource_id: str) -> Record | None:
        """Return what is known of one record."""
        ...

    def every(self, resource_type: str) -> Iterator[str]:
        """Yield the ids of all records of a type, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The answer to one question, and why."""

    allowed: bool
    code: Code
    answer: Answer | None = None


class Evaluator:
    """Answers from the world as it is now.

    Args:
        world: gives the current world and its age in seconds.
        names: how other programs call subjects.
        resources: the records that are known here.
        now: the clock, in microseconds since 1970.
    """

    def __init__(
        self,
        world: Callable[[], tuple[World, float]],
        names: SubjectNames,
        resources: Resources,
        now: Callable[[], int],
    ) -> None:
        self._world = world
        self._names = names
        self._resources = resources
        self._now = now

    def evaluate(self, question: Question, *, is_trusted: bool) -> Evaluated:
        """Return the answer to one question; whatever is unknown is denied."""
        world, age = self._world()
        subject = self._subject(world, question.subject)
        if subject is None:
            return Evaluated(allowed=False, code=Code.UNKNOWN_SUBJECT)
        return self._decided(world, age, subject, question, is_trusted=is_trusted)

    def subjects(
        self, kind: str, question: Question, after: str, *, is_trusted: bool
    ) -> Iterator[tuple[str, str]]:
        """Yield (id, name) of every subject of a kind who may, by id, behind `after`."""
        world, age = self._world()
        wanted = _KINDS.get(kind)
        for subject in sorted(one for one in world.subjects if one > after):
            if world.subjects[subject].kind == wanted:
                found = self._decided(world, age, subject, question, is_trusted=is_trusted)
                if found.allowed:
                    yield subject, self._names.name_of(subject)

    def resources(self, question: Question, after: str, *, is_trusted: bool) -> Iterator[str]:
        """Yield the id of every resource of the question's type that its subject may act on."""
        world, age = self._world()
        subject = self._subject(world, question.subject)
        kind = question.resource.type
        for resource_id in self._resources.every(kind) if subject is not None else ():
            if resource_id > after:
                one = Question(
                    question.subject, question.action, Entity(kind, resource_id), question.context
                )
                if self._decided(world, age, str(subject), one, is_trusted=is_trusted).allowed:
                    yield resource_id

    def actions(self, question: Question, after: str, *, is_trusted: bool) -> Iterator[str]:
        """Yield every action that the question's subject may do to its resource."""
        world, age = self._world()
        subject = self._subject(world, question.subject)
        prefix = f"{question.resource.type}:"
        names = sorted(one.removeprefix(prefix) for one in world.limits if one.startswith(prefix))
        for name in names if subject is not None else ():
            if name > after:
                one = Question(question.subject, Action(name), question.resource, question.context)
                if self._decided(world, age, str(subject), one, is_trusted=is_trusted).allowed:
                    yield name

    def _decided(
        self, world: World, age: float, subject: str, question: Question, *, is_trusted: bool
    ) -> Evaluated:
        said: dict[str, Any] = dict(self._names.described(subject))
        if is_trusted:
            said.update(question.subject.properties)
        around = Circumstances(
            subject=said, action=question.action.properties, context=question.context
        )
        permission = f"{question.resource.type}:{question.action.name}"
        record = self._record(world, question.resource)
        answer = decide(world, subject, permission, record, self._now(), age, around)
        return Evaluated(answer[0], answer[1], answer)

    def _subject(self, world: World, asked: Entity) -> str | None:
        subject = self._names.id_of(asked.id)
        known = world.subjects.get(subject) if subject is not None else None
        if known is None or known.kind != _KINDS.get(asked.type):
            return None
        return subject

    def _record(self, world: World, asked: Entity) -> Record:
        found = self._resources.find(asked.type, asked.id) or Record(asked.type, asked.id)
        if self._resources.is_owned(asked.type):
            return found
        attributes = {**found.attributes, **asked.properties}
        a_whole = world.policy.classes.get(asked.type, {}).get(WHOLE)
        sensitivity = None if a_whole is None else a_whole.data_class
        return Record(asked.type, asked.id, found.owner, sensitivity, attributes)
