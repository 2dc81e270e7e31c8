"""The records that questions are about: Daybook's own are looked up, others are as is said of them.

What a caller says of a record of a type that Daybook owns never counts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from services.permissions.application.people_records import (
    AGREEING,
    ASKING,
    GRANT,
    NO_DEEDS,
    PEOPLES,
    Deeds,
    Grants,
)
from services.permissions.application.questions import Entity
from shared.authorization.filtering import Columns
from shared.authorization.permissions import OWN_TYPES
from shared.authorization.questions import Record
from shared.authorization.world import World

WHOLE: Final = "*"
Key = tuple[str, str]
"""The type and the id of a record."""


class Known(Protocol):
    """A record of Daybook's own as it is known here."""

    def record(self, record_id: str, sensitivity: int | None) -> Record:
        """Return it as decisions look at it."""
        ...


class OwnRecords(Protocol):
    """The records of one type that Daybook owns."""

    @property
    def columns(self) -> Columns:
        """Where a search finds what a check looks at; but for the sensitivity."""
        ...

    async def now(self, ids: Collection[str]) -> Mapping[str, Known]:
        """Return what is known of these, by id; what is not there is not in it."""
        ...

    async def at(self, record_id: str, moment: datetime) -> Known | None:
        """Return how one was at a past moment; None: it was not there, or that is not known."""
        ...

    async def page(
        self, rows: str, values: Sequence[object], after: str, limit: int
    ) -> Sequence[str]:
        """Return the ids of the next records that a filter with these values selects, by id."""
        ...


class Declared(Protocol):
    """Records of others that the policy names, so that they can be searched."""

    def declared(self, resource_type: str) -> Mapping[str, Record]:
        """Return those of a type by id, with what the policy says of each."""
        ...


class Resources:
    """Finds the records that questions name.

    Args:
        own: by type, Daybook's records that are known here. Of its other types those that are
            about a person are theirs, and all others nobody's.
        declared: what the policy names besides.
        grants: whose grants and requests there are; None: these are not known by their own ids.
    """

    def __init__(
        self, own: Mapping[str, OwnRecords], declared: Declared, grants: Grants | None = None
    ) -> None:
        self._own = own
        self._declared = declared
        self._grants = grants

    def is_owned(self, resource_type: str) -> bool:
        """Say whether Daybook itself owns records of this type."""
        return resource_type in OWN_TYPES

    def own(self, resource_type: str) -> OwnRecords | None:
        """Return the records of a type that are known here; None: they are not."""
        return self._own.get(resource_type)

    def named(self, resource_type: str) -> Iterator[str]:
        """Yield the ids of the records of others of a type that the policy names, by id."""
        yield from sorted(self._declared.declared(resource_type))

    def deeds(self, permission: str, asked: Entity) -> Deeds | None:
        """Return who did what with a record, as far as it counts; None: that is not known.

        Who approves must not have asked; of all else nobody did anything with it yet.
        """
        if asked.type not in PEOPLES:
            return None
        if permission != AGREEING or self._grants is None:
            return NO_DEEDS
        return {ASKING: self._grants.asked_by(asked.id)}

    def _person_of(self, asked: Entity) -> str:
        known = self._grants if asked.type == GRANT else None
        return (None if known is None else known.person_of(asked.id)) or asked.id

    async def look_up(self, asked: Iterable[Entity]) -> Mapping[Key, Known]:
        """Return what is known of Daybook's own among these: one read for each type of them.

        Raises:
            UnavailableError: the database does not answer.
        """
        wanted: dict[str, set[str]] = {}
        for one in asked:
            if one.type in self._own:
                wanted.setdefault(one.type, set()).add(one.id)
        found: dict[Key, Known] = {}
        for kind, ids in wanted.items():
            its = await self._own[kind].now(ids)
            found.update({(kind, name): known for name, known in its.items()})
        return found

    def record(self, world: World, asked: Entity, found: Mapping[Key, Known]) -> Record:
        """Return a record as decisions look at it.

        One of Daybook's own that is not there is as secret as can be, and nobody's.
        """
        sensitivity = sensitivity_of(world, asked.type)
        if asked.type in self._own:
            known = found.get((asked.type, asked.id))
            return (
                Record(asked.type, asked.id)
                if known is None
                else known.record(asked.id, sensitivity)
            )
        if asked.type in PEOPLES:
            person = self._person_of(asked)
            return Record(asked.type, person, person, sensitivity)
        if self.is_owned(asked.type):
            return Record(asked.type, asked.id, None, sensitivity)
        named = self._declared.declared(asked.type).get(asked.id)
        if named is None:
            return Record(asked.type, asked.id, None, sensitivity, asked.properties)
        attributes = {**named.attributes, **asked.properties}
        return replace(named, sensitivity=sensitivity, attributes=attributes)


def sensitivity_of(world: World, resource_type: str) -> int | None:
    """Return how secret the policy says records of a type are; None: it does not say."""
    a_whole = world.policy.classes.get(resource_type, {}).get(WHOLE)
    return None if a_whole is None else a_whole.data_class
