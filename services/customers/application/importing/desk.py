"""Files are handed in here, sealed piece by piece as they come; and here one asks how far they are.

No piece of a file is on a disk in the clear, and none is in memory for longer than it takes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid6 import uuid7

from services.customers.application.customer_records import TYPE
from services.customers.application.importing.jobs import COLUMNS, FROM, Job
from services.customers.application.importing.reading import Asked
from services.customers.application.importing.sealing import FileSeal
from services.customers.application.importing.steps import note_name
from services.customers.application.importing.undoing import refuse_undoing
from shared.authorization.filtering import Columns
from shared.authorization.permissions import Permission
from shared.authorization.rights import Rights
from shared.clock import Clock
from shared.errors import YOURSELF, InvalidInputError, NotFoundError, RuleBrokenError
from shared.eventstore.refusals import key_used_for_another_body
from shared.eventstore.store import EventStore
from shared.eventstore.writing import Remember
from shared.postgres.lanes import Lanes
from shared.security.subject_keys import SubjectKeys

CHUNK_BYTES: Final = 1_048_576
LARGEST_FILE: Final = 8 * 2**30
NOTES_AT_ONCE: Final = 500
BEGIN: Final = """insert into imports
    (id, actor, made_at, is_dry_run, undoes, kid, about, state, touched_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $3) on conflict (undoes) do nothing returning id"""
ADD: Final = """with added as (
        insert into import_chunks (import_id, number, sealed)
        select i.id, $2, $3 from imports i where i.id = $1 and i.state = 'uploading'
        returning import_id)
    update imports i set bytes = i.bytes + $4, chunks = i.chunks + 1, touched_at = $5
    from added a where i.id = a.import_id returning i.id"""
HAND_OVER: Final = """update imports set state = 'waiting', touched_at = $2, idempotency_key = $3,
    body_mac = $4 where id = $1 and state = 'uploading' returning id"""
BY_KEY: Final = "select id, body_mac from imports where idempotency_key = $1"
CANCEL: Final = """update imports set state = 'cancelled', finished_at = $2, touched_at = $2
    where id = $1 and state in ('uploading', 'waiting', 'running') returning id"""
REACHED: Final = Columns(TYPE, "i.id", "i.actor", owner_type="text")
"""An import is its actor's, and as secret as customers are."""
ONE: Final = f"select {COLUMNS} {FROM} where i.id = $1"
PAGE: Final = f"""select {COLUMNS} {FROM}
    where ($1::uuid is null or (i.made_at, i.id) < (select b.made_at, b.id from imports b
        where b.id = $1)) and %s order by i.made_at desc, i.id desc limit $2"""
NOTES: Final = """select number, place, what, sealed from import_notes
    where import_id = $1 and (number, place) > ($2, $3) and what = any ($4::text[])
    order by number, place limit $5"""


@dataclass(frozen=True, slots=True)
class Told:
    """An import, and what is known about its file; None once that was destroyed."""

    job: Job
    about: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class HandedIn:
    """An import that a file led to; `is_replay` if the same file came before with the same key."""

    told: Told
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Note:
    """What there is to tell of one row."""

    number: int
    what: str
    told: Mapping[str, Any]

    @property
    def cells(self) -> Mapping[str, str]:
        """The row as it stands in the file."""
        cells: Mapping[str, str] = self.told["cells"]
        return cells


class ImportDesk:
    """Takes files and tells about them; the worker does the rest."""

    def __init__(self, store: EventStore, lanes: Lanes, keys: SubjectKeys, clock: Clock) -> None:
        """Work on truth as the api."""
        self._store = store
        self._lanes = lanes
        self._keys = keys
        self._clock = clock

    async def hand_in(
        self,
        asked: Asked,
        about: Mapping[str, Any],
        chunks: AsyncIterator[bytes],
        remember: Callable[[bytes], Remember | None],
        *,
        actor: str,
        is_dry_run: bool,
        may: Callable[[], None] = lambda: None,
    ) -> HandedIn:
        """Keep a file as it comes, and have it imported once it is here whole.

        `may` is asked before each piece, and raises if the actor may import no more. `remember` is
        given the file's digest. With a key that is known nothing is imported, and
        the first import is told again.

        Raises:
            InvalidInputError: it is empty or too large, or asked for what there is not, or the
                idempotency key was used for another file.
            DiskNearlyFullError: the event store has too little room.
            UnavailableError: a server does not answer; hand it in again.
        """
        asked.refuse_unfit()
        self._store.refuse_if_short()
        import_id = uuid7()
        key = await self._keys.make_for("file", import_id)
        seal = FileSeal(import_id, key.cipher)
        sealed = seal.seal_json(about, "about")
        now = self._clock.now()
        await self._lanes.execute(
            BEGIN, import_id, actor, now, is_dry_run, None, key.kid, sealed, "uploading"
        )
        try:
            remembered = remember(await self._take(import_id, seal, chunks, may))
            first = await self._hand_over(import_id, remembered)
        except BaseException:
            await self._lanes.execute(CANCEL, import_id, self._clock.now())
            raise
        if first != import_id:
            await self._lanes.execute(CANCEL, import_id, self._clock.now())
        return HandedIn(await self.read(first), is_replay=first != import_id)

    async def _hand_over(self, import_id: UUID, remember: Remember | None) -> UUID:
        """Let a worker take the import; return the one that the key belongs to."""
        key, mac = (None, None) if remember is None else (remember.key, remember.body_mac)
        try:
            await self._lanes.execute(HAND_OVER, import_id, self._clock.now(), key, mac)
        except asyncpg.UniqueViolationError:
            (first,) = await self._lanes.fetch(BY_KEY, key)
            if first["body_mac"] != mac:
                raise key_used_for_another_body() from None
            found: UUID = first["id"]
            return found
        return import_id

    async def read(self, import_id: UUID) -> Told:
        """Return an import as it is now.

        Raises NotFoundError if there is none with this id.
        """
        row = await self._lanes.fetchrow(ONE, import_id)
        if row is None:
            raise no_such_import()
        (told,) = await self._told([Job.of(row)])
        return told

    async def page(self, after: UUID | None, size: int, rights: Rights) -> list[Told]:
        """Return imports that these rights reach, the newest first, behind one of them."""
        values: list[object] = [after, size]

        def bind(value: object) -> str:
            values.append(value)
            return f"${len(values)}"

        columns = replace(REACHED, sensitivity=str(rights.sensitivity(TYPE)))
        its = rights.rows(Permission.CUSTOMERS_IMPORT, columns, bind).sql
        rows = await self._lanes.fetch(PAGE % its, *values)
        return await self._told([Job.of(row) for row in rows])

    async def notes(self, import_id: UUID, kid: str, whats: Sequence[str]) -> AsyncIterator[Note]:
        """Yield what there is to tell of rows, in their order; nothing once it was destroyed."""
        cipher = (await self._keys.read([kid]))[kid]
        if cipher is None:
            return
        seal = FileSeal(import_id, cipher)
        at = (-1, -1)
        while True:
            rows = await self._lanes.fetch(NOTES, import_id, *at, list(whats), NOTES_AT_ONCE)
            for row in rows:
                number, place = at = row["number"], row["place"]
                told = seal.open_json(row["sealed"], note_name(number, place))
                yield Note(number, row["what"], told)
            if len(rows) < NOTES_AT_ONCE:
                return

    async def undo(self, import_id: UUID, *, actor: str) -> Told:
        """Have an import undone; asked for twice it is undone once.

        Raises:
            NotFoundError: there is no such import.
            RuleBrokenError: it goes on, or changed nothing that could be undone.
            DiskNearlyFullError: the event store has too little room.
        """
        its = await self.read(import_id)
        refuse_undoing(its.job)
        self._store.refuse_if_short()
        if its.job.undone_by is None:
            undo_id = uuid7()
            key = await self._keys.make_for("file", undo_id)
            about = FileSeal(undo_id, key.cipher).seal_json({}, "about")
            now = self._clock.now()
            await self._lanes.execute(
                BEGIN, undo_id, actor, now, False, import_id, key.kid, about, "waiting"
            )
            its = await self.read(import_id)
        assert its.job.undone_by is not None  # noqa: S101 - it was just made, by us or another
        return await self.read(its.job.undone_by)

    async def cancel(self, import_id: UUID) -> Told:
        """Stop an import where it is; one that has ended stays as it is.

        Raises:
            NotFoundError: there is no such import.
        """
        await self._lanes.execute(CANCEL, import_id, self._clock.now())
        return await self.read(import_id)

    async def _take(
        self,
        import_id: UUID,
        seal: FileSeal,
        chunks: AsyncIterator[bytes],
        may: Callable[[], None],
    ) -> bytes:
        """Keep every piece; return the digest of all of them."""
        number = total = 0
        digest = sha256()
        buffer = bytearray()
        async for chunk in chunks:
            buffer += chunk
            digest.update(chunk)
            total += len(chunk)
            if total > LARGEST_FILE:
                raise InvalidInputError(
                    f"The file is larger than {LARGEST_FILE // 2**30} GiB.",
                    field="body", fix="Cut it into several; each needs its first line.",
                )  # fmt: skip
            while len(buffer) >= CHUNK_BYTES:
                may()
                await self._add(import_id, seal, number, bytes(buffer[:CHUNK_BYTES]))
                del buffer[:CHUNK_BYTES]
                number += 1
        if buffer:
            await self._add(import_id, seal, number, bytes(buffer))
        if total == 0:
            raise InvalidInputError(
                "The file is empty.", field="body", fix="Send the file as the body."
            )
        return digest.digest()

    async def _add(self, import_id: UUID, seal: FileSeal, number: int, piece: bytes) -> None:
        self._store.refuse_if_short()
        sealed = await asyncio.to_thread(seal.seal, piece, f"chunk-{number}")
        now = self._clock.now()
        taken = await self._lanes.fetchval(ADD, import_id, number, sealed, len(piece), now)
        if taken is None:
            raise RuleBrokenError(
                "this import was cancelled while its file came in", code="import-cancelled",
                fix="hand the file in again", who_can_help=YOURSELF,
            )  # fmt: skip

    async def _told(self, jobs: Sequence[Job]) -> list[Told]:
        ciphers = await self._keys.read(job.kid for job in jobs)
        told = []
        for job in jobs:
            cipher = ciphers[job.kid]
            seal = None if cipher is None else FileSeal(job.id, cipher)
            told.append(Told(job, None if seal is None else seal.open_json(job.about, "about")))
        return told


def no_such_import() -> NotFoundError:
    """Return what is said of an import that is not there, or not to be seen."""
    return NotFoundError(
        "there is no such import", code="import-not-found", fix="GET /v1/imports lists them"
    )
