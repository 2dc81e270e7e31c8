"""Imports hold copies of persons until an erasure has found them: rows, refused ones, previews.

Before the key of a person is destroyed, HMACs of all names, addresses and numbers that the person
ever had are kept. By them the rows that were told of are found and deleted, at once and again when
the imports from before have ended. Where the key was gone already (an erasure that is done again
after a restore), every such row of imports from before goes, whoever it names.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from services.customers.application.importing.sealing import Marks
from services.customers.application.loading import stream_of
from services.customers.domain.customer.contact_events import (
    CustomerEmailAdded,
    CustomerEmailChanged,
    CustomerPhoneAdded,
    CustomerPhoneChanged,
)
from services.customers.domain.customer.events import CustomerRenamed
from services.customers.storage.codec import CODEC
from shared.eventstore.store import EventStore
from shared.postgres.lanes import Lanes
from shared.projecting.holders import ErasedSubject
from shared.security.subject_keys import SubjectKeys

# With the first event, the registration, all that say a name, an address or a number.
NAMING: Final = (
    CustomerRenamed, CustomerEmailAdded, CustomerEmailChanged, CustomerPhoneAdded,
    CustomerPhoneChanged,
)  # fmt: skip
_TEXTS: Final = frozenset({"name", "address", "number", "given"})
ARE_THERE: Final = """select exists (select from imports where emptied_at is null
    and (state in ('uploading', 'waiting', 'running')
        or exists (select from import_notes n where n.import_id = imports.id)))"""
REMEMBER: Final = """insert into import_erasures (subject, matches) values ($1, $2)
    on conflict (subject) do update set matches = excluded.matches"""
FIND: Final = "delete from import_notes where matches && $1::bytea[]"
GOES_ON: Final = """select exists (select from imports i where i.emptied_at is null
        and i.made_at <= $1 and i.state in ('uploading', 'waiting', 'running'))
    or exists (select from import_chunks c join imports i on i.id = c.import_id
        where i.made_at <= $1)"""
KNOWN: Final = "select subject, matches from import_erasures where subject = $1"
DONE: Final = "update import_erasures set matches = null where subject = $1"
FROM_BEFORE: Final = (
    "select i.id, i.kid from imports i where i.emptied_at is null and made_at <= $1"
)
EMPTIED: Final = "update imports set emptied_at = $2 where id = any ($1::uuid[])"
EMPTY: Final = "delete from import_notes where import_id = any ($1::uuid[])"


class ImportCopies:
    """The imports as a holder of copies; asked by the api."""

    name: Final = "imports"

    def __init__(self, lanes: Lanes, store: EventStore, keys: SubjectKeys, secret: bytes) -> None:
        self._lanes = lanes
        self._store = store
        self._keys = keys
        self._marks = Marks(secret)

    async def before_key_is_destroyed(self, customer_id: UUID) -> None:
        """Delete what tells of the person, and remember by what it is found.

        Raises:
            UnavailableError: a server does not answer; the key must not be destroyed then.
        """
        if not await self._lanes.fetchval(ARE_THERE):
            await self._lanes.execute(REMEMBER, customer_id, [])
            return
        texts = await self._texts(customer_id)
        if texts is None:
            return
        matches = self._marks.of_people([str(customer_id), *texts])
        await self._lanes.execute(REMEMBER, customer_id, matches)
        await self._lanes.execute(FIND, matches)

    async def has_erased(self, subject: ErasedSubject) -> bool:
        """Say whether no import from before the erasure has anything of the person left."""
        if await self._lanes.fetchval(GOES_ON, subject.erased_at):
            return False
        customer_id = UUID(subject.subject)
        known = await self._lanes.fetchrow(KNOWN, customer_id)
        if known is None:
            await self._empty_all(subject)
            await self._lanes.execute(REMEMBER, customer_id, None)
        elif known["matches"]:
            await self._lanes.execute(FIND, known["matches"])
            await self._lanes.execute(DONE, customer_id)
        return True

    async def _texts(self, customer_id: UUID) -> Sequence[str] | None:
        """Return every name, address and number that was ever said; None once they are sealed."""
        recorded = await self._store.load_first_and(stream_of(customer_id), NAMING)
        decoded = await CODEC.decode(recorded, self._keys)
        personal = [getattr(event, "personal", None) for event in decoded]
        if all(each is None for each in personal):
            return None
        return [text for each in personal if each is not None for text in _texts_of(each)]

    async def _empty_all(self, subject: ErasedSubject) -> None:
        rows = await self._lanes.fetch(FROM_BEFORE, subject.erased_at)
        await self._keys.destroy([row["kid"] for row in rows])
        ids = [row["id"] for row in rows]
        await self._lanes.execute(EMPTY, ids)
        await self._lanes.execute(EMPTIED, ids, subject.erased_at)


def _texts_of(told: BaseModel) -> Iterator[str]:
    for name, value in told:
        if isinstance(value, str) and name in _TEXTS:
            yield value
        elif isinstance(value, tuple):
            for each in value:
                if isinstance(each, BaseModel):
                    yield from _texts_of(each)
