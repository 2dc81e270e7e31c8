"""The people and teams of the book, as the ports of SCIM tell of them."""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

from services.permissions.api.scim.ports import (
    Account,
    KnownPerson,
    KnownTeam,
    KnownTeamOfPeople,
    Listed,
    Team,
)
from services.permissions.domain.book import Book
from services.permissions.domain.subject.state import Subject
from services.permissions.domain.team.rules import Team as FormedTeam

EXTERNAL_ID: Final = "externalId"
Members = Mapping[UUID, tuple[UUID, ...]]


def is_seen(subject: Subject) -> bool:
    """Say whether an identity provider sees somebody: who left, until it removes the account."""
    if subject.kind != "person":
        return False
    return subject.is_there or (subject.life == "left" and bool(subject.provisioned))


def is_formed(team: FormedTeam) -> bool:
    """Say whether there is such a team."""
    return team.title is not None and not team.is_dissolved


def known_person(book: Book, person_id: UUID) -> KnownPerson | None:
    """Return somebody as it is now; None if an identity provider sees nobody there."""
    subject = book.subject(person_id)
    return _person(book, person_id, subject) if is_seen(subject) else None


def listed_people(book: Book) -> list[Listed[KnownPerson]]:
    """Return everybody whom an identity provider sees, by who joined first."""
    return [
        Listed(_names_of(person_id, subject), partial(_person, book, person_id, subject))
        for person_id, subject in book.subjects.items()
        if is_seen(subject)
    ]


def account_now(person_id: UUID, subject: Subject) -> Account:
    """Return the account of somebody; who is suspended is still there."""
    given = dict(subject.provisioned)
    external_id = given.pop(EXTERNAL_ID, None)
    user_name = subject.user_name or str(person_id)
    return Account(
        user_name=user_name,
        display_name=subject.display_name or user_name,
        emails=subject.emails,
        external_id=external_id,
        department=subject.place.department,
        manager=subject.place.manager,
        is_active=subject.is_there,
        as_given=given,
    )


def members_by_team(book: Book) -> Members:
    """Return who is in each team, of those whom an identity provider sees."""
    members: dict[UUID, list[UUID]] = defaultdict(list)
    for person_id, subject in book.subjects.items():
        if is_seen(subject):
            for team_id in subject.place.teams:
                members[team_id].append(person_id)
    return {team_id: tuple(people) for team_id, people in members.items()}


def known_team(book: Book, team_id: UUID) -> KnownTeamOfPeople | None:
    """Return a team as it is now; None if there is none."""
    formed = book.team(team_id)
    return _team(team_id, formed, members_by_team(book)) if is_formed(formed) else None


def listed_teams(book: Book) -> list[Listed[KnownTeamOfPeople]]:
    """Return every team, by which was formed first."""
    members = members_by_team(book)
    return [
        Listed(
            (str(team_id), title_of(formed), formed.external_id),
            partial(_team, team_id, formed, members),
        )
        for team_id, formed in book.teams.items()
        if is_formed(formed)
    ]


def title_of(team: FormedTeam) -> str:
    """Return what a team is called; SCIM has one language."""
    return "" if team.title is None else team.title.en


def _person(book: Book, person_id: UUID, subject: Subject) -> KnownPerson:
    teams = tuple(
        KnownTeam(team_id, title_of(book.team(team_id)))
        for team_id in subject.place.teams
        if is_formed(book.team(team_id))
    )
    return KnownPerson(person_id, account_now(person_id, subject), teams)


def _names_of(person_id: UUID, subject: Subject) -> tuple[str | None, ...]:
    external_id = subject.provisioned.get(EXTERNAL_ID)
    return (str(person_id), subject.user_name, subject.display_name, external_id)


def _team(team_id: UUID, formed: FormedTeam, members: Members) -> KnownTeamOfPeople:
    team = Team(title_of(formed), formed.external_id, members.get(team_id, ()))
    return KnownTeamOfPeople(team_id, team)
