"""Who somebody is: no two who are there have a name by which programs would mix them up."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from services.permissions.domain.authority import refuse_for_oneself
from services.permissions.domain.book import Asking, Book
from services.permissions.domain.subject.commands import Description
from services.permissions.domain.subject.events import LifeEvent, SubjectDescribed, SubjectDetails
from services.permissions.domain.subject.state import Subject
from shared.errors import InvalidInputError, RuleBrokenError

PEOPLE_EDITORS: Final = "whoever has the permission subject:change"
MOST_IDENTIFIERS: Final = 21
"""Twenty of its own, and the one that its identity provider gave."""
LONGEST: Final = 200


def describe(
    book: Book, subject_id: UUID, description: Description, asking: Asking
) -> list[LifeEvent]:
    """Return what follows when somebody is described so; nothing where nothing changes.

    Raises:
        RuleBrokenError: a name is taken.
        InvalidInputError: an identifier is too long, or there are too many.
        NotPermittedError: nobody changes for themself what conditions and programs look at.
    """
    refuse_taken_names(book, subject_id, description)
    subject = book.subject(subject_id)
    # Who left has no rights that anything could be measured by.
    if subject.is_there and _looked_at(description) != _looked_at(description_of(subject)):
        refuse_for_oneself(book, subject_id, asking, "change what rights are measured by")
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
    """Refuse a name by which programs would take one subject for another.

    A subject's id is a name of its own, also of one that left.
    """
    _refuse_unbounded(description)
    wanted = _names(description.user_name, description.identifiers)
    for other_id, other in book.subjects.items():
        if other_id == subject_id:
            continue
        taken = wanted & {str(other_id)}
        if other.is_there:
            its = _names(other.user_name, other.identifiers)
            taken |= its & {*wanted, str(subject_id)}
        if taken:
            raise _taken(description, taken)


def _refuse_unbounded(description: Description) -> None:
    given = description.identifiers
    if len(given) > MOST_IDENTIFIERS or any(not 1 <= len(one) <= LONGEST for one in given):
        raise InvalidInputError(
            "these are no identifiers",
            field="identifiers",
            fix=f"give at most {MOST_IDENTIFIERS}, each of 1 to {LONGEST} characters",
        )


def _taken(description: Description, taken: set[str]) -> RuleBrokenError:
    is_user_name = (description.user_name or "").casefold() in taken
    return RuleBrokenError(
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


def _looked_at(description: Description) -> tuple[object, ...]:
    """Return what conditions may ask for, and by what programs name somebody."""
    return description.user_name, description.emails, set(description.identifiers)


def _names(user_name: str | None, identifiers: tuple[str, ...]) -> set[str]:
    every = (*identifiers, user_name) if user_name else identifiers
    return {one.casefold() for one in every}
