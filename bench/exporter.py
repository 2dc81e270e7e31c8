"""Who exports in a benchmark: somebody who may export every customer, and see all of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final

import asyncpg

from services.customers.api.sight import Sight
from services.customers.domain.field.rules import NO_FIELDS
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.projections.reach import Reach
from services.customers.projections.wanted import Wanted
from shared.authorization.permissions import Permission
from shared.authorization.rights import Basis, Rights
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World

NAME: Final = "00000000-0000-4000-8000-000000000001"
EXPORT: Final = Permission.CUSTOMERS_EXPORT
EVENTS: Final[tuple[tuple[str, str, Mapping[str, object]], ...]] = (
    (
        "policy",
        "PermissionDefined",
        {"permission": EXPORT.value, "risk": "low", "title": {"en": "x"}},
    ),
    (f"subject-{NAME}", "SubjectJoined", {"kind": "person"}),
    (
        f"subject-{NAME}",
        "GrantGiven",
        {"grant_id": "all", "effect": "allow", "permission": EXPORT.value, "scope": "all"},
    ),
)
Exporting = tuple[AsyncIterator[Sequence[asyncpg.Record]], Callable[[], Awaitable[Sight]]]


def everything(directory: DirectoryQueries) -> Exporting:
    """Return every customer, and how each piece of the file is looked at before it leaves."""
    world = World().after(
        PermissionEvent(number, *event) for number, event in enumerate(EVENTS, start=1)
    )
    rights = Rights(Basis(world, 1, 0, 0.0), NAME)

    async def look() -> Sight:
        return Sight(rights, NO_FIELDS)

    return directory.every(Wanted(archived="also"), lambda: Reach(rights, EXPORT)), look
