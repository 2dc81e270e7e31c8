"""People and teams behind one door, as resources: what a collection of SCIM is served from."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID

from scim2_models import Resource

from services.permissions.api.scim.people import account_of, user_of
from services.permissions.api.scim.places import Places
from services.permissions.api.scim.ports import K, Listed, People, Teams
from services.permissions.api.scim.schema import Group, Person
from services.permissions.api.scim.teams import group_of, team_of
from shared.errors import NotFoundError

R = TypeVar("R", bound=Resource[Any])


class Shelf(Protocol[R]):
    """Where the resources of one type are kept."""

    model: type[R]
    name: str

    async def find(self, resource_id: UUID) -> R | None:
        """Return a resource, or None."""
        ...

    async def every(self) -> Sequence[Listed[R]]:
        """Return every resource, always in the same order."""
        ...

    def complete(self, given: R, now: R | None) -> R:
        """Return what is given with what it leaves unsaid; `now` is None of a new resource."""
        ...

    async def create(self, given: R, by: str) -> R:
        """Keep a new resource and return it as it is then."""
        ...

    async def replace(self, now: R, given: R, by: str) -> R:
        """Let the resource be as given, if it is still as it is `now`."""
        ...

    async def remove(self, now: R, by: str) -> None:
        """Let the resource be gone, if it is still as it is `now`."""
        ...


class PeopleShelf:
    """The users."""

    model = Person
    name = "User"

    def __init__(self, people: People, places: Places) -> None:
        self._people = people
        self._show = partial(user_of, places=places)

    async def find(self, resource_id: UUID) -> Person | None:
        """Return a person, or None."""
        known = await self._people.find(resource_id)
        return None if known is None else self._show(known)

    async def every(self) -> Sequence[Listed[Person]]:
        """Return everybody."""
        return [_shown(one, self._show) for one in await self._people.every()]

    def complete(self, given: Person, now: Person | None) -> Person:
        """Let somebody new be active, and anybody else as before: nobody comes back unsaid."""
        if given.active is None:
            given.active = True if now is None else now.active
        return given

    async def create(self, given: Person, by: str) -> Person:
        """Let somebody join."""
        return self._show(await self._people.create(account_of(given), by=by))

    async def replace(self, now: Person, given: Person, by: str) -> Person:
        """Let the person be as given."""
        person_id = UUID(now.id)
        known = await self._people.find(person_id)
        if known is None:
            raise nothing_there()
        account = account_of(given, known.account)
        version = _version(now)
        return self._show(await self._people.replace(person_id, account, version=version, by=by))

    async def remove(self, now: Person, by: str) -> None:
        """Let the person leave and not be known any more."""
        await self._people.remove(UUID(now.id), version=_version(now), by=by)


class TeamShelf:
    """The groups."""

    model = Group
    name = "Group"

    def __init__(self, teams: Teams, places: Places) -> None:
        self._teams = teams
        self._show = partial(group_of, places=places)

    async def find(self, resource_id: UUID) -> Group | None:
        """Return a team, or None."""
        known = await self._teams.find(resource_id)
        return None if known is None else self._show(known)

    async def every(self) -> Sequence[Listed[Group]]:
        """Return every team."""
        return [_shown(one, self._show) for one in await self._teams.every()]

    def complete(self, given: Group, now: Group | None) -> Group:
        """Return the group: it leaves nothing unsaid."""
        del now
        return given

    async def create(self, given: Group, by: str) -> Group:
        """Form a team."""
        return self._show(await self._teams.create(team_of(given), by=by))

    async def replace(self, now: Group, given: Group, by: str) -> Group:
        """Let the team be as given."""
        team, version = team_of(given), _version(now)
        return self._show(await self._teams.replace(UUID(now.id), team, version=version, by=by))

    async def remove(self, now: Group, by: str) -> None:
        """Dissolve the team."""
        await self._teams.remove(UUID(now.id), version=_version(now), by=by)


def nothing_there() -> NotFoundError:
    """Return the refusal of an id that names nothing."""
    return NotFoundError("There is no such resource.", fix="List them to see which there are.")


def _shown(listed: Listed[K], show: Callable[[K], R]) -> Listed[R]:
    return Listed(listed.names, lambda: show(listed.tell()))


def _version(resource: Resource[Any]) -> str:
    """Return the port's version in a resource that this service made: W/"version"."""
    version: str = resource.meta.version if resource.meta and resource.meta.version else ""
    return version.removeprefix('W/"').removesuffix('"')
