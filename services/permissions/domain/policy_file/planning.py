"""What a policy file would change is known before it does: what happens, who gains, who loses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from services.permissions.domain.book import Asked, Asking, Book, Fact, OnPolicy, SubjectFact
from services.permissions.domain.deciding import (
    consequences,
    refuse_second_installation,
    step,
)
from services.permissions.domain.policy_file import people_part, policy_part
from services.permissions.domain.policy_file.document import Document, Path
from services.permissions.domain.policy_file.reading import ReadPolicy
from services.permissions.domain.second_person import Danger, dangers
from services.permissions.domain.subject.grant_events import GrantRequested
from services.permissions.domain.what_if import SubjectChange, changes_between
from shared.errors import DaybookError


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying a policy file does; no fact: the file says what is."""

    facts: tuple[Fact, ...]
    changes: tuple[SubjectChange, ...]
    requested: tuple[SubjectFact, ...]
    """What is only asked for, because somebody else must agree to it."""
    after: Book
    dangers: tuple[Danger, ...] = ()
    """Why two people must agree to it; none: one may do it alone."""


class _Planning:
    """The book as it becomes, step by step."""

    def __init__(self, book: Book, document: Document, asking: Asking) -> None:
        self.after = book.draft()
        self.facts: list[Fact] = []
        self.asked: list[Asked] = []
        self._document = document
        self._asking = asking

    def take(self, located: Iterable[people_part.Located]) -> None:
        """Do these one after the other; a refusal says at which line of the file."""
        path: Path = ()
        try:
            for path, asked in located:  # noqa: B007 - where it was refused
                if asked is None:
                    continue
                self.facts += step(self.after, asked, self._asking)
                self.asked.append(asked)
        except DaybookError as error:
            place = self._document.place(path)
            error.field = f"{place}: {error.field}" if error.field else place
            raise


def plan(book: Book, policy: ReadPolicy, asking: Asking, ids: Iterator[UUID]) -> Plan:
    """Return what applying the file would do; nothing is changed.

    Args:
        book: as it is.
        policy: the file.
        asking: who applies it, and when.
        ids: new ids for grants.

    Raises:
        DaybookError: a rule refuses it; `field` says at which line of the file.
    """
    refuse_second_installation(book, asking)
    file = policy.file
    work = _Planning(book, policy.document, asking)
    work.take(_on_policy(policy_part.additions(book.policy, file)))
    work.take(people_part.teams(work.after, file))
    work.take(people_part.joining(work.after, file, ids))
    work.take(people_part.changing(work.after, file))
    work.take(people_part.granting(work.after, file, asking, ids))
    work.take(_on_policy(policy_part.removals(book.policy, file)))
    more = consequences(work.after, work.facts, work.asked, asking)
    facts = (*work.facts, *more)
    changes = changes_between(book, work.after, facts)
    found = () if asking.is_installation else dangers(work.after)
    return Plan(facts, changes, _requested(facts), work.after, found)


def _on_policy(located: Iterable[policy_part.Located]) -> Iterator[tuple[Path, Asked]]:
    for path, command in located:
        yield path, OnPolicy(command)


def _requested(facts: tuple[Fact, ...]) -> tuple[SubjectFact, ...]:
    return tuple(
        fact
        for fact in facts
        if isinstance(fact, SubjectFact) and isinstance(fact.event, GrantRequested)
    )
