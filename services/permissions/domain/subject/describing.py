"""Who somebody is: no two who are there have a name by which programs would mix them up."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from services.permissions.domain.book import Book
from services.permissions.domain.subject.commands import Description
from services.permissions.domain.subject.events import LifeEvent, SubjectDescribed, SubjectDetails
from services.permissions.domain.subject.state import Subject
from shared.errors import RuleBrokenError

PEOPLE_EDITORS: Final = "whoever has the permission subject:change"


def describe(book: Book, subject_id: UUID, description: Description) -> list[LifeEvent]:
    """Return what follows when somebody is described so; nothing where nothing changes.

    Raises:
        RuleBrokenError: a name is taken.
    """
    refuse_taken_names(book, subject_id, description)
    subject = book.subject(subject_id)
    kept = description.provisioned
    provisioned = subject.provisioned if kept is None else kept
    is_same = provisioned == subject.provisioned
    if is_same and description_of(subject) == replace(description, provisioned=None):
        return []
    return [SubjectDescribed(personal=details_of(replace(description, provisioned=provisioned)))]


def description_of(subject: Subject) -> Description:
    """Return who the subject is."""
    return Description(
        subject.display_name or "", subject.user_name, subject.emails, subject.identifiers
    )


def refuse_taken_names(book: Book, subject_id: UUID, description: Description) -> None:
    """Refuse a name by which programs would take one subject for another."""
    wanted = _names(description.user_name, description.identifiers)
    for other_id, other in book.subjects.items():
        if other_id != subject_id and other.is_there and wanted:
            taken = wanted & _names(other.user_name, other.identifiers)
            if taken:
                is_user_name = (description.user_name or "").casefold() in taken
                raise RuleBrokenError(
                    "another subject has this name already",
                    code="name-taken",
                    field="user_name" if is_user_name else "identifiers",
                    fix="take another name, or take it away from the other subject first",
                    who_can_help=PEOPLE_EDITORS,
                )


def details_of(description: Description) -> SubjectDetails:
    """Return the personal fields of a description."""
    return SubjectDetails(
        display_name=description.display_name,
        user_name=description.user_name,
        emails=description.emails,
        identifiers=description.identifiers,
        provisioned=description.provisioned or None,
    )


def _names(user_name: str | None, identifiers: tuple[str, ...]) -> set[str]:
    return {*identifiers} | ({user_name.casefold()} if user_name else set())
