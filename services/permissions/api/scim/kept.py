"""People and teams for SCIM as the permissions service itself keeps them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol
from uuid import UUID

from services.permissions.api.scim import commands
from services.permissions.api.scim.known import (
    known_person,
    known_team,
    listed_people,
    listed_teams,
)
from services.permissions.api.scim.ports import (
    Account,
    KnownPerson,
    KnownTeamOfPeople,
    Listed,
    Team,
)
from services.permissions.api.scim.shelves import nothing_there
from services.permissions.domain.book import Asked, Book
from shared.errors import VersionConflictError

Choice = Callable[[Book], Iterable[Asked]]
"""What is asked for, seeing the book as it is; asked again if somebody was faster."""


class Desk(Protocol):
    """Where commands are decided, and the book is read."""

    async def book(self) -> Book:
        """Return the book as the store has it now; nobody changes it."""
        ...

    async def ask(self, choice: Choice, by: str) -> None:
        """Decide all that is chosen as one, and write down what follows."""
        ...


class KeptPeople:
    """The port of people."""

    def __init__(self, desk: Desk, new_id: Callable[[], UUID]) -> None:
        self._desk = desk
        self._new_id = new_id

    async def find(self, person_id: UUID) -> KnownPerson | None:
        """Return somebody, or None."""
        return known_person(await self._desk.book(), person_id)

    async def every(self) -> Sequence[Listed[KnownPerson]]:
        """Return everybody, by who joined first."""
        return listed_people(await self._desk.book())

    async def create(self, account: Account, *, by: str) -> KnownPerson:
        """Let somebody join."""
        person_id, grant_id = self._new_id(), self._new_id()
        await self._desk.ask(lambda book: commands.joining(book, person_id, account, grant_id), by)
        return await self._now(person_id)

    async def replace(
        self, person_id: UUID, account: Account, *, version: str, by: str
    ) -> KnownPerson:
        """Let somebody's account be so."""
        grant_id = self._new_id()

        def choice(book: Book) -> Iterable[Asked]:
            _check(known_person(book, person_id), version)
            return commands.changing(book, person_id, account, grant_id)

        await self._desk.ask(choice, by)
        return await self._now(person_id)

    async def remove(self, person_id: UUID, *, version: str, by: str) -> None:
        """Let somebody leave, and be seen no more."""

        def choice(book: Book) -> Iterable[Asked]:
            _check(known_person(book, person_id), version)
            return commands.removing(book, person_id)

        await self._desk.ask(choice, by)

    async def _now(self, person_id: UUID) -> KnownPerson:
        known = await self.find(person_id)
        if known is None:
            raise nothing_there()
        return known


class KeptTeams:
    """The port of teams."""

    def __init__(self, desk: Desk, new_id: Callable[[], UUID]) -> None:
        self._desk = desk
        self._new_id = new_id

    async def find(self, team_id: UUID) -> KnownTeamOfPeople | None:
        """Return a team, or None."""
        return known_team(await self._desk.book(), team_id)

    async def every(self) -> Sequence[Listed[KnownTeamOfPeople]]:
        """Return every team, by which was formed first."""
        return listed_teams(await self._desk.book())

    async def create(self, team: Team, *, by: str) -> KnownTeamOfPeople:
        """Form a team."""
        team_id = self._new_id()
        await self._desk.ask(lambda book: commands.forming(book, team_id, team), by)
        return await self._now(team_id)

    async def replace(
        self, team_id: UUID, team: Team, *, version: str, by: str
    ) -> KnownTeamOfPeople:
        """Let a team be so."""

        def choice(book: Book) -> Iterable[Asked]:
            _check(known_team(book, team_id), version)
            return commands.changing_team(book, team_id, team)

        await self._desk.ask(choice, by)
        return await self._now(team_id)

    async def remove(self, team_id: UUID, *, version: str, by: str) -> None:
        """Dissolve a team."""

        def choice(book: Book) -> Iterable[Asked]:
            _check(known_team(book, team_id), version)
            return commands.dissolving(book, team_id)

        await self._desk.ask(choice, by)

    async def _now(self, team_id: UUID) -> KnownTeamOfPeople:
        known = await self.find(team_id)
        if known is None:
            raise nothing_there()
        return known


def _check(now: KnownPerson | KnownTeamOfPeople | None, version: str) -> None:
    if now is None:
        raise nothing_there()
    if now.version != version:
        raise VersionConflictError(
            "somebody changed it meanwhile", fix="read it again and send the change anew"
        )
