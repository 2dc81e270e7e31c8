"""The commands that make teams and people what a file says; whom it does not name stays."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.permissions.domain.book import Asked, Asking, Book, OnSubject, OnTeam
from services.permissions.domain.policy_file.document import Path
from services.permissions.domain.policy_file.grants_part import changed_exceptions, changed_grants
from services.permissions.domain.policy_file.model import PolicyFile, SubjectEntry
from services.permissions.domain.policy_file.policy_part import title_of
from services.permissions.domain.subject.commands import (
    DescribeSubject,
    Description,
    DistrustCaller,
    JoinSubject,
    MoveSubject,
    ReinstateSubject,
    SetSubjectAttributes,
    SubjectCommand,
    SuspendSubject,
    TrustCaller,
)
from services.permissions.domain.subject.describing import description_of
from services.permissions.domain.subject.state import NOWHERE, Placement, Subject
from services.permissions.domain.team.rules import FormTeam, RenameTeam
from shared.errors import NotFoundError

Ids = Iterator[UUID]
Located = tuple[Path, Asked | None]
"""What is asked for and where the file does; None: what follows is from here."""


def teams(book: Book, file: PolicyFile) -> Iterator[Located]:
    """Yield what makes the teams what the file says."""
    for name, team in file.teams.items():
        title = title_of(team.title)
        is_new = book.team(team.id).title is None
        yield ("teams", name), OnTeam(team.id, FormTeam(title) if is_new else RenameTeam(title))


def joining(book: Book, file: PolicyFile, ids: Ids) -> Iterator[Located]:
    """Yield who joins, whoever answers for somebody first."""
    for name in _in_order(file.subjects):
        yield ("subjects", name), None
        entry = file.subjects[name]
        known = book.subject(entry.id)
        if known.life is None:
            place = place_of(file, name, NOWHERE)
            description = _description(file, name, description_of(known))
            command = JoinSubject(
                entry.kind, description, next(ids), "", place, dict(entry.attributes)
            )
            yield ("subjects", name), OnSubject(entry.id, command)


def gone(book: Book, file: PolicyFile) -> list[str]:
    """Return the names of those who left, or were erased: a file brings nobody back."""
    return [name for name, entry in file.subjects.items() if _is_gone(book, entry)]


def suspended_with_their_owner(book: Book, file: PolicyFile) -> list[str]:
    """Return the names of service accounts that the file would have back, but whose owner left."""
    return [name for name, entry in file.subjects.items() if _has_lost_owner(book, file, name)]


def changing(book: Book, file: PolicyFile) -> Iterator[Located]:
    """Yield what changes of who is there already; the book has those who join."""
    for name, entry in file.subjects.items():
        path = ("subjects", name)
        if _is_gone(book, entry):
            continue
        yield path, None
        stays = _has_lost_owner(book, file, name)
        for command in _changes(book.subject(entry.id), name, entry, file, stays=stays):
            yield path, OnSubject(entry.id, command)


def granting(book: Book, file: PolicyFile, asking: Asking, ids: Ids) -> Iterator[Located]:
    """Yield exceptions and grants that change; what goes is first."""
    for name, entry in file.subjects.items():
        if _is_gone(book, entry):
            continue
        yield ("subjects", name), None
        subject = book.subject(entry.id)
        located = [*changed_grants(book, subject, entry, asking, ids)]
        if _says(file, entry, "sod_exceptions"):
            located += changed_exceptions(subject, entry, asking, file.reason)
        for path, command in located:
            yield ("subjects", name, *path), OnSubject(entry.id, command)


def place_of(file: PolicyFile, name: str, now: Placement) -> Placement:
    """Return where the file says that somebody is who is there now.

    Raises:
        NotFoundError: it names somebody or a team that is neither in the file nor an id.
    """
    entry = file.subjects[name]
    said: dict[str, Any] = {
        "manager": _subject_id(file, entry.manager, "manager"),
        "department": entry.department,
        "teams": tuple(_team_id(file, team) for team in entry.teams),
        "owner": _subject_id(file, entry.owner, "owner"),
    }
    return replace(now, **{field: said[field] for field in said if _says(file, entry, field)})


def _changes(
    subject: Subject, name: str, entry: SubjectEntry, file: PolicyFile, *, stays: bool
) -> Iterator[SubjectCommand]:
    description = _description(file, name, description_of(subject))
    place = place_of(file, name, subject.place)
    if description_of(subject) != description:
        yield DescribeSubject(description)
    if subject.place != place:
        yield MoveSubject(place)
    values = dict(entry.attributes)
    if _says(file, entry, "attributes") and dict(subject.attributes) != values:
        yield SetSubjectAttributes({**dict.fromkeys(subject.attributes), **values})
    is_trusted = subject.is_trusted_caller
    if _says(file, entry, "trusted_caller") and is_trusted is not entry.trusted_caller:
        yield DistrustCaller() if is_trusted else TrustCaller()
    if not stays and _says(file, entry, "suspended") and subject.is_active is entry.suspended:
        yield SuspendSubject() if entry.suspended else ReinstateSubject()


def _is_gone(book: Book, entry: SubjectEntry) -> bool:
    return book.subject(entry.id).life in {"left", "erased"}


def _has_lost_owner(book: Book, file: PolicyFile, name: str) -> bool:
    """Say whether a suspended service account has an owner who left, also by the file."""
    entry, subject = file.subjects[name], book.subject(file.subjects[name].id)
    if subject.life != "suspended" or entry.suspended or not _says(file, entry, "suspended"):
        return False
    owner = place_of(file, name, subject.place).owner
    return owner is not None and book.subject(owner).life in {"left", "erased"}


def _says(file: PolicyFile, entry: SubjectEntry, field: str) -> bool:
    """Say whether the file says something of this; one that covers everything says all."""
    return file.covers == "everything" or field in entry.model_fields_set


def _description(file: PolicyFile, name: str, now: Description) -> Description:
    entry = file.subjects[name]
    return Description(
        entry.display_name or now.display_name or name,
        name,
        tuple(entry.emails) if _says(file, entry, "emails") else now.emails,
        tuple(entry.identifiers) if _says(file, entry, "identifiers") else now.identifiers,
    )


def _in_order(subjects: Mapping[str, SubjectEntry]) -> list[str]:
    """Return the names, managers and owners before whoever names them."""
    ordered: dict[str, None] = {}
    waiting: set[str] = set()

    def visit(name: str) -> None:
        if name in ordered or name in waiting or name not in subjects:
            return
        waiting.add(name)
        for other in (subjects[name].manager, subjects[name].owner):
            if other is not None:
                visit(other)
        ordered[name] = None

    for name in subjects:
        visit(name)
    return list(ordered)


def _subject_id(file: PolicyFile, name: str | None, field: str) -> UUID | None:
    if name is None:
        return None
    if name in file.subjects:
        return file.subjects[name].id
    return _as_id(name, field, "the name of a subject in this file")


def _team_id(file: PolicyFile, name: str) -> UUID:
    return (
        file.teams[name].id
        if name in file.teams
        else _as_id(name, "teams", "the name of a team in this file")
    )


def _as_id(name: str, field: str, what: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NotFoundError(
            f"a name here is neither {what} nor an id",
            code="not-in-the-file",
            field=field,
            fix="add it to the file, or write its id",
        ) from None
