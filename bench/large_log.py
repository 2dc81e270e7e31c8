"""A store of a size that a company has: customers by the million, each registered and renamed.

BENCH_LARGE_EVENTS makes it smaller or larger than the row that asks for it says.
"""

import os
from collections.abc import Sequence
from itertools import islice

from uuid6 import uuid7

from bench.parts import Parts
from bench.samples import NOW, lives, origin
from services.customers.application.loading import stream_of
from services.customers.storage.codec import CODEC
from shared.eventstore.store import EventStore, StreamAppend
from shared.security.subject_keys import KEYS_PER_CALL, SubjectKey, SubjectKeys

EVENTS_EACH = 2
TRANSACTION = 500


def events_wanted(usual: int) -> int:
    """Return how many events the large store of a row has."""
    return int(os.environ.get("BENCH_LARGE_EVENTS", usual))


class LargeLog:
    """The store of one service, filled up to where a row wants it."""

    def __init__(self, here: Parts, store: EventStore, keys: SubjectKeys) -> None:
        self.here = here
        self.events = 0
        self._store = store
        self._keys = keys

    @classmethod
    async def of(cls, here: Parts) -> "LargeLog":
        """Return the empty store of these parts."""
        return cls(here, await here.store(), await here.keys())

    async def fill(self, events: int) -> None:
        """Add customers until there are so many events."""
        while events - self.events >= EVENTS_EACH:
            customers = min(TRANSACTION, (events - self.events) // EVENTS_EACH)
            await self._add(customers)

    async def _add(self, customers: int) -> None:
        keys: list[SubjectKey] = []
        while len(keys) < customers:
            keys += await self._keys.make(KEYS_PER_CALL)
        ids = [uuid7() for _ in range(customers)]
        lived = sorted(lives(customers, customers * EVENTS_EACH), key=lambda one: one.version)
        for version in range(EVENTS_EACH):
            part: Sequence[StreamAppend] = [
                StreamAppend(
                    stream_of(ids[one.customer]),
                    str(ids[one.customer]),
                    version,
                    [CODEC.encode(one.event, uuid7(), keys[one.customer])],
                )
                for one in islice(lived, version * customers, (version + 1) * customers)
            ]
            await self._store.append_many(part, origin(), NOW)
            self.events += len(part)
