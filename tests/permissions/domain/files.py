"""Policy files are applied to a book, and what it says is asked of the replica that all share."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from services.permissions.application.evaluating import Evaluator
from services.permissions.domain.book import Asking, Book, Fact
from services.permissions.domain.deciding import has_administrator
from services.permissions.domain.policy_file.planning import Plan, plan
from services.permissions.domain.policy_file.reading import read_policy
from shared.authorization.questions import Record
from shared.authorization.reading import moment
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from tests.permissions.domain.stories import NOON

PROJECT = Path(__file__).parents[3]
DEFAULT = PROJECT / "services/permissions/policies/default.yaml"
PEOPLE = PROJECT / "demo/people.yaml"
TODO = PROJECT / "demo/authzen-todo.yaml"
FIXTURE = PROJECT / "demo/authzen-fixture.yaml"
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


class Names:
    """How programs call the subjects of a book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def id_of(self, name: str) -> str | None:
        known = self._book.subjects.items()
        return next((str(one) for one, its in known if name in its.identifiers), None)

    def name_of(self, subject: str) -> str:
        return self._book.subjects[UUID(subject)].identifiers[0]

    def described(self, subject: str) -> dict[str, Any]:
        emails = self._book.subjects[UUID(subject)].emails
        return {"email": emails[0]} if emails else {}


class NoRecords:
    """Whoever asks brings the record along."""

    def is_owned(self, resource_type: str) -> bool:
        return resource_type == "customer"

    def find(self, _resource_type: str, _resource_id: str) -> Record | None:
        return None

    def every(self, _resource_type: str) -> Iterator[str]:
        return iter(())


def evaluator_of(desk: Desk) -> Evaluator:
    """Return what answers other programs' questions by what was applied."""
    world = world_of(desk.facts)
    return Evaluator(lambda: (world, 0.0), Names(desk.book), NoRecords(), lambda: moment(NOON))
