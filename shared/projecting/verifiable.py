"""What a read model must be able to do, so that it can be compared with a fold of the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import asyncpg

from shared.projecting.applied import AppliedEvent, Projection

Row = Mapping[str, object]
"""What a read model has of one stream, by field; `version` is the version of the stream."""


class Verifiable(Projection, Protocol):
    """A read model with one row per stream, whose row is a pure function of the stream's events."""

    @property
    def streams(self) -> str:
        """How the names of its streams begin, for example `customer-`."""
        ...

    async def rows(
        self, connection: asyncpg.Connection, after: str, up_to: str | None
    ) -> dict[str, Row]:
        """Return its rows of the streams behind `after`, up to and with `up_to` (None: all)."""
        ...

    def fold(self, events: Sequence[AppliedEvent]) -> Row | None:
        """Return the row that these events, all of one stream, make; None: no row."""
        ...

    async def remove(self, connection: asyncpg.Connection, streams: Sequence[str]) -> None:
        """Delete its rows of these streams, inside the running transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Difference:
    """How a row differs from the fold of its stream: the fields' names, never what they hold."""

    stream: str
    what: Literal["differs", "missing", "extra"]
    fields: tuple[str, ...] = ()
    version: int | None = None
    version_of_fold: int | None = None


def difference(stream: str, row: Row | None, fold: Row | None) -> Difference | None:
    """Compare what is there with what must be; None: equal."""
    if row is None and fold is None:
        return None
    if row is None or fold is None:
        return Difference(
            stream, "missing" if row is None else "extra", (), _version(row), _version(fold)
        )
    fields = tuple(sorted(name for name in fold if row.get(name) != fold[name]))
    if not fields:
        return None
    return Difference(stream, "differs", fields, _version(row), _version(fold))


def _version(row: Row | None) -> int | None:
    version = None if row is None else row["version"]
    return version if isinstance(version, int) else None
