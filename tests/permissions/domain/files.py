"""Policy files are applied to a book, and what it says is asked of the replica that all share."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from services.permissions.application.evaluating import Sitting
from services.permissions.application.resources import Resources
from services.permissions.application.subject_names import SubjectNames
from services.permissions.domain.book import Asking, Book, Fact, SubjectFact
from services.permissions.domain.deciding import has_administrator
from services.permissions.domain.policy_file.planning import Plan, plan
from services.permissions.domain.policy_file.reading import read_policy
from shared.authorization.questions import Record
from shared.authorization.reading import moment
from shared.authorization.rights import Basis
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from tests.permissions.domain.stories import NOON

PROJECT = Path(__file__).parents[3]
DEFAULT = PROJECT / "services/permissions/policies/default.yaml"
PEOPLE = PROJECT / "demo/people.yaml"
TODO = PROJECT / "demo/authzen-todo.yaml"
FIXTURE = PROJECT / "demo/authzen-fixture.yaml"
CALLER = "00000000-0000-4000-8000-0000000000ca"
ERIN = "00000000-0000-4000-8000-000000000007"


class Desk:
    """Where files are applied one after the other; keeps every fact."""

    def __init__(self, book: Book | None = None) -> None:
        self.book = book or Book()
        self.facts: list[Fact] = []
        self.ids: Iterator[UUID] = (UUID(int=number) for number in count(1_000_000))

    def plan(self, text: str, by: str = ERIN) -> Plan:
        """Say what a file would change; as long as nobody administers, Daybook is set up by it."""
        asking = Asking(by, NOON, is_installation=not has_administrator(self.book))
        return plan(self.book, read_policy(text), asking, self.ids)

    def apply(self, text: str | Path, by: str = ERIN) -> Plan:
        """Do it."""
        planned = self.plan(text if isinstance(text, str) else text.read_text(), by)
        self.facts += planned.facts
        for fact in planned.facts:
            self.book.fold(fact, by)
        return planned


def demo() -> Desk:
    """Return a desk at which the default policy and the people of the demo were applied."""
    desk = Desk()
    desk.apply(DEFAULT)
    desk.apply(PEOPLE)
    return desk


def world_of(facts: Sequence[Fact]) -> World:
    """Return what a replica knows after these facts, from their bytes."""
    return World().after(
        PermissionEvent(position, fact.stream, type(fact.event).__name__, _data(fact))
        for position, fact in enumerate(facts, start=1)
    )


def _data(fact: Fact) -> Any:  # noqa: ANN401
    written = fact.event.model_dump_json(exclude={"personal"}, exclude_none=True)
    return orjson.loads(written)


class NothingDeclared:
    """Whoever asks brings the record along."""

    def declared(self, _resource_type: str) -> Mapping[str, Record]:
        return {}


def sitting_of(desk: Desk, *, is_trusted: bool = False) -> Sitting:
    """Return what answers a program's questions by what was applied."""
    world = world_of(desk.facts)
    if is_trusted:
        position, stream = world.position, f"subject-{CALLER}"
        joined = PermissionEvent(position + 1, stream, "SubjectJoined", {"kind": "service"})
        world = world.after([joined, PermissionEvent(position + 2, stream, "CallerTrusted", {})])
    names = SubjectNames()
    for fact in desk.facts:
        if isinstance(fact, SubjectFact):
            names.follow(fact.subject_id, desk.book.subject(fact.subject_id), fact.event)
    resources = Resources({}, NothingDeclared())
    return Sitting(Basis(world, 1, moment(NOON), 0.0), names, resources, {}, CALLER, lambda _: None)
