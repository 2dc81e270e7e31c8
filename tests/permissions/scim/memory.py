"""People and teams in memory, so that the protocol can be spoken to without a store."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID, uuid4

from services.permissions.api.scim.ports import (
    Account,
    KnownPerson,
    KnownTeam,
    KnownTeamOfPeople,
    Team,
)
from shared.errors import NotFoundError, RuleBrokenError, VersionConflictError


@dataclass
class Kept:
    """What is kept of one person."""

    account: Account
    version: int = 1


class Memory:
    """Everybody and every team."""

    def __init__(self) -> None:
        self.people: dict[UUID, Kept] = {}
        self.teams: dict[UUID, Team] = {}
        self.somebody_is_faster = 0

    def known(self, person_id: UUID) -> KnownPerson:
        kept = self.people[person_id]
        teams = tuple(
            KnownTeam(team_id, team.title)
            for team_id, team in self.teams.items()
            if person_id in team.members
        )
        return KnownPerson(person_id, str(kept.version), kept.account, teams)

    def known_team(self, team_id: UUID) -> KnownTeamOfPeople:
        team = self.teams[team_id]
        return KnownTeamOfPeople(team_id, sha256(repr(team).encode()).hexdigest()[:16], team)

    def check(self, version: str, now: str) -> None:
        self.somebody_is_faster -= 1
        if self.somebody_is_faster >= 0 or version != now:
            raise VersionConflictError("It has changed since.")


class PeopleInMemory:
    """The port of people."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def find(self, person_id: UUID) -> KnownPerson | None:
        return self._memory.known(person_id) if person_id in self._memory.people else None

    async def every(self) -> Sequence[KnownPerson]:
        return [self._memory.known(person_id) for person_id in self._memory.people]

    async def create(self, account: Account, *, by: str) -> KnownPerson:
        del by
        self._refuse_taken(None, account)
        person_id = uuid4()
        self._memory.people[person_id] = Kept(account)
        return self._memory.known(person_id)

    async def replace(
        self, person_id: UUID, account: Account, *, version: str, by: str
    ) -> KnownPerson:
        del by
        kept = self._memory.people[person_id]
        self._memory.check(version, str(kept.version))
        self._refuse_taken(person_id, account)
        self._memory.people[person_id] = Kept(account, kept.version + 1)
        return self._memory.known(person_id)

    async def remove(self, person_id: UUID, *, version: str, by: str) -> None:
        del by
        self._memory.check(version, str(self._memory.people[person_id].version))
        del self._memory.people[person_id]
        for team_id, team in self._memory.teams.items():
            members = tuple(one for one in team.members if one != person_id)
            self._memory.teams[team_id] = replace(team, members=members)

    def _refuse_taken(self, person_id: UUID | None, account: Account) -> None:
        for other, kept in self._memory.people.items():
            if other != person_id and kept.account.user_name == account.user_name:
                raise RuleBrokenError("taken", code="name-taken", field="user_name")
        if account.manager is not None and account.manager not in self._memory.people:
            raise RuleBrokenError("nobody", code="manager-not-there", field="manager")


class TeamsInMemory:
    """The port of teams."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def find(self, team_id: UUID) -> KnownTeamOfPeople | None:
        return self._memory.known_team(team_id) if team_id in self._memory.teams else None

    async def every(self) -> Sequence[KnownTeamOfPeople]:
        return [self._memory.known_team(team_id) for team_id in self._memory.teams]

    async def create(self, team: Team, *, by: str) -> KnownTeamOfPeople:
        del by
        return self._keep(uuid4(), team)

    async def replace(
        self, team_id: UUID, team: Team, *, version: str, by: str
    ) -> KnownTeamOfPeople:
        del by
        self._memory.check(version, self._memory.known_team(team_id).version)
        return self._keep(team_id, team)

    async def remove(self, team_id: UUID, *, version: str, by: str) -> None:
        del by
        self._memory.check(version, self._memory.known_team(team_id).version)
        del self._memory.teams[team_id]

    def _keep(self, team_id: UUID, team: Team) -> KnownTeamOfPeople:
        if any(member not in self._memory.people for member in team.members):
            raise NotFoundError("There is nobody of this id.", field="members")
        self._memory.teams[team_id] = team
        return self._memory.known_team(team_id)
