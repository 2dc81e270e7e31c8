"""Who holds copies of personal data beside the events, and how each shows that none is left.

A holder deletes its copies by itself, when `CustomerErased` reaches it; here it is only asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from shared.clock import Clock
from shared.postgres.lanes import Lanes
from shared.security.cipher_cache import LIFETIME_SECONDS

# Every projection of the source and every version of each, also one that is being built: each has
# applied the erasure, and it is noted for all that will come. What is to be dropped is gone.
APPLIED = """
    select count(*) > 0 and bool_and(m.epoch = $4 and (m.txid, m.position) >= ($5, $6))
        and exists(select from erased_subjects s where s.subject = $7)
        and not exists(select from projection_versions v
            where v.state = 'dropped' and v.dropped_at is null)
    from projection_marks m where m.source = $1 and m.topic = $2 and m.partition = $3"""

IS_PARKED = "select exists(select from parked_streams p where p.subject = $1)"


@dataclass(frozen=True, slots=True)
class ErasedSubject:
    """An erased person, and the place in the log of the event that says so."""

    subject: str
    partition: int
    epoch: int
    txid: int
    position: int
    erased_at: datetime


class Holder(Protocol):
    """A holder of copies of personal data."""

    @property
    def name(self) -> str:
        """What it is called in `PersonalDataErased`."""
        ...

    async def has_erased(self, subject: ErasedSubject) -> bool:
        """Say whether nothing of this person is left here.

        Raises:
            UnavailableError: it cannot be asked now.
        """
        ...


class ReadModels:
    """All read models of one source in one database, in all their versions."""

    name: Final = "read-models"

    def __init__(self, lanes: Lanes, source: str, topic: str) -> None:
        """Ask as the api does."""
        self._lanes = lanes
        self._source = source
        self._topic = topic

    async def has_erased(self, subject: ErasedSubject) -> bool:
        """Say whether every version has applied the erasure."""
        return bool(
            await self._lanes.fetchval(
                APPLIED, self._source, self._topic, subject.partition, subject.epoch,
                subject.txid, subject.position, subject.subject,
            )
        )  # fmt: skip


class ParkedEvents:
    """What could not be applied and waits; each version that applies an erasure deletes its own."""

    name: Final = "parked-events"

    def __init__(self, read_models: ReadModels, lanes: Lanes) -> None:
        """Ask as the api does."""
        self._read_models = read_models
        self._lanes = lanes

    async def has_erased(self, subject: ErasedSubject) -> bool:
        """Say whether nothing is parked, and no version is left that would still park something."""
        return await self._read_models.has_erased(subject) and not await self._lanes.fetchval(
            IS_PARKED, subject.subject
        )


class CipherCaches:
    """The caches of ciphers in every process: each forgets all of them after a minute."""

    name: Final = "cipher-caches"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def has_erased(self, subject: ErasedSubject) -> bool:
        """Say whether every cache has forgotten since the key was destroyed."""
        age = self._clock.now() - subject.erased_at
        return age > timedelta(seconds=LIFETIME_SECONDS)
