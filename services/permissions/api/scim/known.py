"""The people and teams of the book, as the ports of SCIM tell of them."""

from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from uuid import UUID

import orjson

from services.permissions.api.scim.ports import (
    Account,
    KnownPerson,
    KnownTeam,
    KnownTeamOfPeople,
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
    if not is_seen(subject):
        return None
    teams = tuple(
        KnownTeam(team_id, title_of(book.team(team_id)))
        for team_id in subject.place.teams
        if is_formed(book.team(team_id))
    )
    account = account_now(person_id, subject)
    return KnownPerson(person_id, _version(account, teams), account, teams)


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


def known_team(book: Book, team_id: UUID, members: Members) -> KnownTeamOfPeople | None:
    """Return a team as it is now; None if there is none."""
    formed = book.team(team_id)
    if not is_formed(formed):
        return None
    team = Team(title_of(formed), formed.external_id, members.get(team_id, ()))
    return KnownTeamOfPeople(team_id, _version(team), team)


def title_of(team: FormedTeam) -> str:
    """Return what a team is called; SCIM has one language."""
    return "" if team.title is None else team.title.en


def _version(*told: object) -> str:
    # Of all that is told and of nothing else: a grant makes no other version of an account.
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
