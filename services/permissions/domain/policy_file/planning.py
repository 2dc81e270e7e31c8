"""What a policy file would change is known before it does: what happens, who gains, who loses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from services.permissions.domain.authority import refuse_inactive
from services.permissions.domain.book import (
    Asked,
    Asking,
    Book,
    Fact,
    OnPolicy,
    OnSubject,
    SubjectFact,
)
from services.permissions.domain.by_hand import ByHand
from services.permissions.domain.deciding import (
    consequences,
    refuse_second_installation,
    step,
)
from services.permissions.domain.policy_file import people_part, policy_part
from services.permissions.domain.policy_file.document import Document, Path
from services.permissions.domain.policy_file.model import PolicyFile
from services.permissions.domain.policy_file.reading import ReadPolicy
from services.permissions.domain.second_person import Danger, dangers
from services.permissions.domain.subject.grant_events import GrantRequested
from services.permissions.domain.subject.state import NOBODY
from services.permissions.domain.what_if import SubjectChange, WhatIf, changes_between
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
    gone: tuple[str, ...] = ()
    """Whom the file names and who stays gone: in words, with the line, without a name."""


class _Planning:
    """The book as it becomes, step by step."""

    def __init__(self, book: Book, document: Document, asking: Asking) -> None:
        self.after = book.draft()
        self.facts: list[Fact] = []
        self.asked: list[Asked] = []
        self._document = document
        self._asking = asking
        self._own = ByHand(book, asking.by, asking.at)

    def take(self, located: Iterable[people_part.Located]) -> None:
        """Do these one after the other; a refusal says at which line of the file."""
        path: Path = ()
        try:
            for path, asked in located:  # noqa: B007 - where it was refused
                if asked is None:
                    continue
                self._do(asked)
        except DaybookError as error:
            place = self._document.place(path)
            error.field = f"{place}: {error.field}" if error.field else place
            raise

    def _do(self, asked: Asked) -> None:
        now = self.after.subject(asked.subject_id) if isinstance(asked, OnSubject) else NOBODY
        facts = step(self.after, asked, self._asking)
        if facts and not self._asking.is_installation:
            self._own.require(asked, now)
        if facts:
            self.facts += facts
            self.asked.append(asked)


def plan(book: Book, policy: ReadPolicy, asking: Asking, ids: Iterator[UUID]) -> Plan:
    """Return what applying the file would do; nothing is changed.

    Args:
        book: as it is.
        policy: the file.
        asking: who applies it, and when.
        ids: new ids for grants.

    Raises:
        NotPermittedError: who applies it could not do a line of it by hand.
        DaybookError: a rule refuses it; `field` says at which line of the file.
    """
    refuse_second_installation(book, asking)
    refuse_inactive(book, asking)
    work = _Planning(book, policy.document, asking)
    _take_all(work, book, policy.file, asking, ids)
    more = consequences(work.after, work.facts, work.asked, asking)
    facts = (*work.facts, *more)
    changes = changes_between(book, work.after, facts)
    found = () if asking.is_installation else dangers(work.after)
    gone = _gone(book, policy)
    return Plan(facts, changes, _requested(facts), work.after, found, gone)


def foresee(book: Book, policy: ReadPolicy, asking: Asking, ids: Iterator[UUID]) -> WhatIf:
    """Return what the file would do whoever applied it, and why who asks could not.

    Args as of `plan`.

    Raises:
        DaybookError: nobody could do it; `field` says at which line of the file.
    """
    work = _Planning(book, policy.document, replace(asking, is_installation=True))
    _take_all(work, book, policy.file, asking, ids)
    refusal: DaybookError | None = None
    try:
        plan(book, policy, replace(asking, is_looking=True), ids)
    except DaybookError as error:
        refusal = error
    facts, after = tuple(work.facts), work.after
    return WhatIf(facts, changes_between(book, after, facts), dangers(after), refusal, after)


def _take_all(
    work: _Planning, book: Book, file: PolicyFile, asking: Asking, ids: Iterator[UUID]
) -> None:
    work.take(_on_policy(policy_part.additions(book.policy, file)))
    work.take(people_part.teams(work.after, file))
    work.take(people_part.joining(work.after, file, ids))
    work.take(people_part.changing(work.after, file))
    work.take(people_part.granting(work.after, file, asking, ids))
    work.take(_on_policy(policy_part.removals(book.policy, file)))


def _on_policy(located: Iterable[policy_part.Located]) -> Iterator[tuple[Path, Asked]]:
    for path, command in located:
        yield path, OnPolicy(command)


def _gone(book: Book, policy: ReadPolicy) -> tuple[str, ...]:
    file, place = policy.file, policy.document.place
    gone = (
        f"{place(('subjects', name))}: left, and stays gone; take the entry out of the file"
        for name in people_part.gone(book, file)
    )
    orphans = (
        f"{place(('subjects', name))}: its owner left, and it stays suspended; name another owner"
        for name in people_part.suspended_with_their_owner(book, file)
    )
    return (*gone, *orphans)


def _requested(facts: tuple[Fact, ...]) -> tuple[SubjectFact, ...]:
    return tuple(
        fact
        for fact in facts
        if isinstance(fact, SubjectFact) and isinstance(fact.event, GrantRequested)
    )
