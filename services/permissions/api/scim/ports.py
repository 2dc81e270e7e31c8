"""What SCIM asks of whoever keeps people and teams; nothing here knows the protocol."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import orjson

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Account:
    """A person as the identity provider wants it."""

    user_name: str
    display_name: str
    emails: tuple[str, ...] = ()
    """The main one first."""
    external_id: str | None = None
    department: str | None = None
    """The path of the department."""
    manager: UUID | None = None
    is_active: bool = True
    """False: the person left."""
    as_given: Mapping[str, Any] = field(default_factory=dict)
    """The words of the identity provider, where the fields above say less than they do."""


@dataclass(frozen=True, slots=True)
class KnownTeam:
    """A team, as far as a person's account tells of it."""

    id: UUID
    title: str


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person as it is now."""

    id: UUID
    account: Account
    teams: tuple[KnownTeam, ...] = ()

    @property
    def version(self) -> str:
        """Another one after every change of what is told here: a grant makes none."""
        return _version_of(self.account, self.teams)


@dataclass(frozen=True, slots=True)
class Team:
    """A team as the identity provider wants it."""

    title: str
    external_id: str | None = None
    members: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownTeamOfPeople:
    """A team as it is now, with everybody in it."""

    id: UUID
    team: Team

    @property
    def version(self) -> str:
        """Another one after every change, also of who is in it."""
        return _version_of(self.team)


@dataclass(frozen=True, slots=True)
class Listed(Generic[K]):
    """One of many, of whom most are only passed over."""

    names: tuple[str | None, ...]
    """Every id, user name, external id and shown name that it has."""
    tell: Callable[[], K]
    """Returns it as it is now."""


class People(Protocol):
    """The people whom the identity provider speaks of; whom it removed is not there any more."""

    async def find(self, person_id: UUID) -> KnownPerson | None:
        """Return a person who is there or left; None for nobody."""
        ...

    async def every(self) -> Sequence[Listed[KnownPerson]]:
        """Return everybody, always in the same order."""
        ...

    async def create(self, account: Account, *, by: str) -> KnownPerson:
        """Let somebody join, with the default role and nothing else.

        Raises:
            RuleBrokenError: a rule says no; `name-taken`: somebody is called so already.
            InvalidInputError, NotFoundError: a place or a person in it cannot be.
        """
        ...

    async def replace(
        self, person_id: UUID, account: Account, *, version: str, by: str
    ) -> KnownPerson:
        """Let the person be exactly so: described, moved, gone or there again.

        Raises:
            VersionConflictError: it is another version; nothing was written.
            RuleBrokenError, InvalidInputError, NotFoundError: as with `create`.
        """
        ...

    async def remove(self, person_id: UUID, *, version: str, by: str) -> None:
        """Let the person leave, and be nobody to the identity provider from now on."""
        ...


class Teams(Protocol):
    """The teams."""

    async def find(self, team_id: UUID) -> KnownTeamOfPeople | None:
        """Return a team; None if there is none."""
        ...

    async def every(self) -> Sequence[Listed[KnownTeamOfPeople]]:
        """Return every team, always in the same order."""
        ...

    async def create(self, team: Team, *, by: str) -> KnownTeamOfPeople:
        """Form a team of these people."""
        ...

    async def replace(
        self, team_id: UUID, team: Team, *, version: str, by: str
    ) -> KnownTeamOfPeople:
        """Let the team be called so and consist of exactly these people."""
        ...

    async def remove(self, team_id: UUID, *, version: str, by: str) -> None:
        """Let nobody be in the team, and dissolve it."""
        ...


def _version_of(*told: object) -> str:
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
