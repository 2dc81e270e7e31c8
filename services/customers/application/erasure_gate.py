"""Nothing is opened before every erasure of the ledger holds in the databases (DESIGN §6).

A restore of truth or keys brings back somebody who was erased; the ledger, which no restore
touches, erases them again. The other way round a ledger that lacks what the store knows to be
erased is not the newest one, and is refused.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

from services.customers.application.erasing import STREAMS, CustomerErasures
from services.customers.application.loading import stream_of
from services.customers.domain.customer.events import CustomerErased, CustomerErasureStarted
from shared.errors import DaybookError
from shared.eventstore.store import EventStore
from shared.security.erasure_ledger import ErasureLedger
from shared.security.ledger_file import LedgerLine
from shared.security.subject_keys import SubjectKeys

log = logging.getLogger(__name__)

AT_A_TIME: Final = 1_000
ENDS: Final = (CustomerErased.__name__,)
Item = TypeVar("Item")
BEGUN: Final = (CustomerErased.__name__, CustomerErasureStarted.__name__)


class LedgerIncompleteError(DaybookError):
    """The store knows of an erasure that the ledger does not have."""

    code = "erasure-ledger-incomplete"
    title = "The erasure ledger is not the newest one"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a start found: lines of the ledger, keys and customers that were there again."""

    lines: int
    keys: int
    customers: int

    @property
    def is_nothing(self) -> bool:
        """Whether everything was as the ledger says."""
        return self.keys == 0 and self.customers == 0


class ErasureGate:
    """Compares the ledger with the databases; `open` before anything is served."""

    def __init__(
        self,
        ledger: ErasureLedger,
        store: EventStore,
        keys: SubjectKeys,
        erasures: CustomerErasures,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._keys = keys
        self._erasures = erasures

    async def open(self, *, actor: str) -> Replayed:
        """Erase again whoever is back, in the name of `actor`; return once nobody is.

        Raises:
            LedgerIncompleteError: the ledger lacks an erasure that the store has.
            UnavailableError: a server does not answer, or the ledger cannot be written.
        """
        lines = list((await self._ledger.lines()).values())
        await self._refuse_lost_lines(lines)
        keys = customers = 0
        for some in _parts(lines):
            keys += await self._destroy_again([line.kid for line in some])
            customers += await self._erase_again([line.subject for line in some], actor)
        found = Replayed(len(lines), keys, customers)
        if not found.is_nothing:
            log.critical(
                "erasures of the ledger were not in the databases and were done again",
                extra={"keys": keys, "customers": customers},
            )
        return found

    async def _refuse_lost_lines(self, lines: Sequence[LedgerLine]) -> None:
        lost = await lost_lines(self._store, {line.subject for line in lines})
        if lost:
            raise LedgerIncompleteError(
                f"the erasure ledger lacks {len(lost)} erasures that the store has",
                fix="put back the newest copy of the ledger; what is lost for good is added from"
                " the store by `python -m services.customers ledger`",
                who_can_help="an operator, with data protection",
            )

    async def _destroy_again(self, kids: Sequence[str]) -> int:
        back = await self._keys.not_destroyed(kids)
        if back:
            await self._keys.destroy(back)
        return len(back)

    async def _erase_again(self, subjects: Sequence[str], actor: str) -> int:
        streams = [stream_of(UUID(subject)) for subject in subjects]
        back = await self._store.streams_ended_otherwise(streams, ENDS)
        for stream in back:
            await self._erasures.erase_customer(
                _customer_of(stream), actor=actor, is_done_again=True
            )
        return len(back)


async def lost_lines(store: EventStore, noted: Iterable[str]) -> list[UUID]:
    """Return the customers that the store knows to be erased and that are not among `noted`."""
    opened = await store.streams_lacking(STREAMS, None)
    unnoted = {stream.removeprefix(STREAMS) for stream in opened}.difference(noted)
    lost = []
    for some in _parts(sorted(unnoted)):
        streams = [stream_of(UUID(subject)) for subject in some]
        # One that has only begun has no line yet: it is written next.
        under_way = await store.streams_ended_otherwise(streams, ENDS)
        lost += [_customer_of(stream) for stream in streams if stream not in under_way]
    return lost


async def is_replayed(store: EventStore, lines: Iterable[LedgerLine]) -> bool:
    """Say whether every erasure of the ledger has begun in this store, for a role that waits."""
    for some in _parts(lines):
        streams = [stream_of(UUID(line.subject)) for line in some]
        if await store.streams_ended_otherwise(streams, BEGUN):
            return False
    return True


def _customer_of(stream: str) -> UUID:
    return UUID(stream.removeprefix("customer-"))


def _parts(every: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(every)
    while some := list(islice(rest, AT_A_TIME)):
        yield some
