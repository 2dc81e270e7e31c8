"""What an identity provider wants becomes commands; every rule of the house stays a rule."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from services.permissions.api.scim.known import (
    EXTERNAL_ID,
    account_now,
    is_formed,
    is_seen,
    members_by_team,
    title_of,
)
from services.permissions.api.scim.ports import Account, Team
from services.permissions.domain.book import Asked, Book, OnSubject, OnTeam
from services.permissions.domain.policy.events import Title
from services.permissions.domain.subject.commands import (
    DescribeSubject,
    Description,
    JoinSubject,
    LetSubjectLeave,
    MoveSubject,
)
from services.permissions.domain.subject.describing import PEOPLE_EDITORS
from services.permissions.domain.subject.state import NOBODY, NOWHERE, Placement, Subject
from services.permissions.domain.team.rules import DissolveTeam, FormTeam, RenameTeam
from shared.errors import InvalidInputError, RuleBrokenError


def joining(book: Book, person_id: UUID, account: Account, grant_id: UUID) -> Iterator[Asked]:
    """Yield what lets somebody join who is new, or who left and is active again.

    Raises:
        RuleBrokenError: the name is somebody's, also of those who left and still have an account.
        InvalidInputError: there is no such manager.
    """
    _refuse_taken(book, person_id, account)
    before = book.subject(person_id)
    place = _place(book, before, account)
    join = JoinSubject(
        "person", _description(before, account), grant_id, place=place, is_id_new=True
    )
    yield OnSubject(person_id, join)
    if not account.is_active:
        yield OnSubject(person_id, LetSubjectLeave())


def changing(book: Book, person_id: UUID, account: Account, grant_id: UUID) -> Iterator[Asked]:
    """Yield what makes somebody's account exactly so (raises as `joining`)."""
    before = book.subject(person_id)
    if account.is_active and not before.is_there:
        yield from joining(book, person_id, account, grant_id)
        return
    # First of all, so that nothing that is refused of whoever is there holds it up.
    if before.is_there and not account.is_active:
        yield OnSubject(person_id, LetSubjectLeave())
    _refuse_taken(book, person_id, account)
    yield OnSubject(person_id, DescribeSubject(_description(before, account)))
    place = _place(book, before, account)
    if place != before.place:
        yield OnSubject(person_id, MoveSubject(place))


def removing(book: Book, person_id: UUID) -> Iterator[Asked]:
    """Yield what takes somebody out of the identity provider's sight, for good."""
    before = book.subject(person_id)
    account = replace(account_now(person_id, before), external_id=None)
    nobodys = replace(_description(before, account), provisioned={})
    if before.is_there:
        yield OnSubject(person_id, LetSubjectLeave())
    yield OnSubject(person_id, DescribeSubject(nobodys))
    if before.place.teams:
        yield OnSubject(person_id, MoveSubject(replace(_still(book, before.place), teams=())))


def forming(book: Book, team_id: UUID, team: Team) -> Iterator[Asked]:
    """Yield what forms a team of these people.

    Raises:
        InvalidInputError: a member is nobody.
    """
    yield OnTeam(team_id, FormTeam(_title(team), team.external_id))
    yield from _membership(book, team_id, set(team.members))


def changing_team(book: Book, team_id: UUID, team: Team) -> Iterator[Asked]:
    """Yield what makes a team exactly so (raises as `forming`)."""
    before = book.team(team_id)
    is_called_so = before.title is not None and title_of(before) == team.title
    title = before.title if is_called_so and before.title is not None else _title(team)
    yield OnTeam(team_id, RenameTeam(title, team.external_id or ""))
    yield from _membership(book, team_id, set(team.members))


def dissolving(book: Book, team_id: UUID) -> Iterator[Asked]:
    """Yield what empties and dissolves a team."""
    yield from _membership(book, team_id, set())
    yield OnTeam(team_id, DissolveTeam())


def _membership(book: Book, team_id: UUID, wanted: set[UUID]) -> Iterator[Asked]:
    now = set(members_by_team(book).get(team_id, ()))
    if any(not is_seen(book.subject(one)) for one in wanted - now):
        raise InvalidInputError(
            "a member of the team is nobody",
            field="members",
            fix="send ids of users that this service gave",
        )
    for person_id in sorted(wanted ^ now):
        place = _still(book, book.subject(person_id).place)
        others = tuple(one for one in place.teams if one != team_id)
        teams = (*others, team_id) if person_id in wanted else others
        yield OnSubject(person_id, MoveSubject(replace(place, teams=teams)))


def _place(book: Book, before: Subject, account: Account) -> Placement:
    """Return where the account is; who has left is nobody's manager any more."""
    place = before.place if before != NOBODY else NOWHERE
    if account.manager is not None and book.subject(account.manager).life is None:
        raise InvalidInputError(
            "the manager is nobody", field="manager", fix="send the id of a user of this service"
        )
    wanted = replace(place, manager=account.manager, department=account.department)
    return _still(book, wanted)


def _still(book: Book, place: Placement) -> Placement:
    """Return a place without a manager who left and teams that are gone: both outlive a move."""
    manager = place.manager
    is_there = manager is not None and book.subject(manager).is_there
    teams = tuple(one for one in place.teams if is_formed(book.team(one)))
    return replace(place, manager=manager if is_there else None, teams=teams)


def _description(before: Subject, account: Account) -> Description:
    was = before.provisioned.get(EXTERNAL_ID)
    others = [one for one in before.identifiers if one not in {was, account.external_id}]
    # Tokens and questions of other programs name people by the id that their directory gave.
    named = [account.external_id] if account.external_id else []
    given = {**account.as_given, EXTERNAL_ID: account.external_id}
    return Description(
        account.display_name,
        account.user_name,
        account.emails,
        (*named, *others),
        {name: value for name, value in given.items() if value is not None or name == "active"},
    )


def _refuse_taken(book: Book, person_id: UUID, account: Account) -> None:
    """Refuse a name of somebody who left, too: the account is to be taken up, not made again."""
    wanted = account.user_name.casefold()
    for other_id, other in book.subjects.items():
        if (
            other_id != person_id
            and is_seen(other)
            and (other.user_name or "").casefold() == wanted
        ):
            raise RuleBrokenError(
                "another account has this name already",
                code="name-taken",
                field="user_name",
                fix="take another name, or change the account that has it",
                who_can_help=PEOPLE_EDITORS,
            )


def _title(team: Team) -> Title:
    return Title(en=team.title, zh=team.title)
