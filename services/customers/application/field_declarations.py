"""Values of custom fields are checked against declarations that are at most a second old."""

import asyncio
import math
from collections.abc import Mapping
from typing import Final

from services.customers.application.fields import load_fields
from services.customers.domain.field.rules import NO_FIELDS, Fields
from services.customers.domain.field.values import CheckedValues, Given, Value, check_values
from shared.clock import Clock
from shared.errors import SeveralFieldsError, UnavailableError
from shared.eventstore.store import EventStore

FRESH_SECONDS: Final = 1.0


class FieldDeclarations:
    """The declared fields as one process knows them; safe to share between tasks."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known = NO_FIELDS
        self._looked_at = self._failed_at = -math.inf
        self._looking = asyncio.Lock()

    async def read(self) -> Fields:
        """Return every declared field by name, as they were within the last second.

        Raises:
            UnavailableError: the store does not answer.
        """
        if self._is_fresh():
            return self._known
        async with self._looking:
            if not self._is_fresh():
                await self._look()
        return self._known

    async def known(self) -> Fields:
        """Return every declared field as it was known last, while the store does not answer.

        After a failure nobody waits for the store again for a second.
        """
        if self._clock.monotonic() - self._failed_at < FRESH_SECONDS:
            return self._known
        try:
            return await self.read()
        except UnavailableError:
            self._failed_at = self._clock.monotonic()
            return self._known

    async def read_again(self) -> Fields:
        """Return every declared field as it is now, for what was refused a moment ago.

        Raises:
            UnavailableError: the store does not answer.
        """
        async with self._looking:
            await self._look()
        return self._known

    async def check(
        self,
        given: Given,
        *,
        registering: bool,
        present: Mapping[str, object] | None = None,
    ) -> Mapping[str, Value | None]:
        """Return the values as they are stored; arguments as `check_values`.

        What is refused by declarations of a moment ago is checked again by those of now.

        Raises:
            SeveralFieldsError: every value that cannot be, with its field and its fix.
            UnavailableError: the store does not answer.
        """
        looked_at = self._looked_at
        checked = check_values(await self.read(), given, registering=registering, present=present)
        if checked.problems and looked_at == self._looked_at:
            async with self._looking:
                await self._look()
            checked = check_values(self._known, given, registering=registering, present=present)
        return _values(checked)

    async def _look(self) -> None:
        now = self._clock.monotonic()
        self._known = (await load_fields(self._store)).fields
        self._looked_at = now

    def _is_fresh(self) -> bool:
        return self._clock.monotonic() - self._looked_at < FRESH_SECONDS


def _values(checked: CheckedValues) -> Mapping[str, Value | None]:
    if checked.problems:
        raise SeveralFieldsError(checked.problems)
    return checked.values
