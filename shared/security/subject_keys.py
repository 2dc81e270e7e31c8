"""Subject keys: made ahead, durable before they are used, read many at once, destroyed for good."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import urandom
from typing import Literal
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import GoneError, NotFoundError
from shared.postgres.lanes import Lanes
from shared.security.jwe import key_commitment
from shared.security.master_key import MasterKey, NoMasterKey, Wrapped
from shared.security.secret_files import KEY_BYTES

KEYS_PER_CALL = 100
MADE_AT_A_TIME = 5

MAKE = """insert into subject_keys (kid, wrapped, master_id)
    select * from unnest($1::text[], $2::bytea[], $3::text[])"""
READ = "select kid, wrapped, master_id from subject_keys where kid = any($1::text[])"
NOT_DESTROYED = """select kid from unnest($1::text[]) kid
    except select kid from subject_keys where kid = any($1) and destroyed_at is not null"""
# A key that is not there (the database was restored to before it was made) never comes either.
DESTROY = """insert into subject_keys (kid, wrapped, destroyed_at)
    select kid, null, now() from unnest($1::text[]) kid
    on conflict (kid) do update set wrapped = null, destroyed_at = now()
    where subject_keys.destroyed_at is null"""

DESTROY_FOR_FILE = "select destroy_file_key($1)"


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """One subject's key, its reference, and the commitment that the first event carries."""

    kid: str
    key: bytes
    cipher: AESGCM
    commitment: str

    @staticmethod
    def of(kid: str, key: bytes) -> "SubjectKey":
        """Return the key with its reference, ready to seal."""
        return SubjectKey(kid, key, AESGCM(key), key_commitment(key))


Owned = Literal["file", "view"]
"""What has a key of its own and is no subject: a file that is brought in, somebody's saved view."""


class SubjectKeys:
    """The key database."""

    def __init__(self, lanes: Lanes, master: MasterKey) -> None:
        self._lanes = lanes
        self._master = master

    @staticmethod
    def without_master(lanes: Lanes) -> "SubjectKeys":
        """Return the key database for whoever only destroys keys."""
        return SubjectKeys(lanes, NoMasterKey())

    async def make(self, count: int = KEYS_PER_CALL) -> list[SubjectKey]:
        """Make keys for subjects to come; they are durable when this returns.

        A few at a time, because requests under way wait meanwhile.
        """
        keys: list[SubjectKey] = []
        wrapped: list[Wrapped] = []
        for _ in range(count):
            key = SubjectKey.of(str(uuid4()), urandom(KEY_BYTES))
            keys.append(key)
            wrapped.append(self._master.wrap(key.kid, key.key))
            if len(keys) % MADE_AT_A_TIME == 0:
                await asyncio.sleep(0)
        await self._keep(keys, wrapped)
        return keys

    async def make_for(self, what: Owned, owned_id: UUID) -> SubjectKey:
        """Make the key of something that is no subject; it is durable when this returns.

        Its reference begins with what it is of, so that nobody outside is ever given it.
        """
        key = SubjectKey.of(f"{what}-{owned_id}", urandom(KEY_BYTES))
        await self._keep([key], [self._master.wrap(key.kid, key.key)])
        return key

    async def _keep(self, keys: Sequence[SubjectKey], wrapped: Sequence[Wrapped]) -> None:
        await self._lanes.fetch(
            MAKE, [key.kid for key in keys], [each.content for each in wrapped],
            [each.master_id for each in wrapped],
        )  # fmt: skip

    async def destroy_for_file(self, kid: str) -> None:
        """Destroy the key of a file for good; done twice, it is done once."""
        await self._lanes.fetch(DESTROY_FOR_FILE, kid)

    async def read(self, kids: Iterable[str]) -> dict[str, AESGCM | None]:
        """Return a cipher per reference; None where the key was destroyed.

        Raises:
            UnavailableError: the key database does not answer; that is never taken for "erased".
            NotFoundError: a reference that this database never had.
        """
        wanted = set(kids)
        found = await self.find(wanted)
        if len(found) < len(wanted):
            raise key_unknown()
        return found

    async def find(self, kids: Iterable[str]) -> dict[str, AESGCM | None]:
        """Return a cipher per reference that this database knows; None where it was destroyed.

        Raises:
            UnavailableError: the key database does not answer.
        """
        wanted = set(kids)
        if not wanted:
            return {}
        rows = await self._lanes.fetch(READ, list(wanted))
        # Whoever waits for this connection asks now, and its keys are looked for meanwhile.
        await asyncio.sleep(0)
        return {
            row["kid"]: None
            if row["wrapped"] is None
            else AESGCM(self._master.unwrap(row["kid"], Wrapped(row["wrapped"], row["master_id"])))
            for row in rows
        }

    async def not_destroyed(self, kids: Sequence[str]) -> list[str]:
        """Return which of these keys this database has not destroyed."""
        return [row["kid"] for row in await self._lanes.fetch(NOT_DESTROYED, kids)]

    async def destroy(self, kids: Sequence[str]) -> None:
        """Destroy keys for good; what was sealed with them is unreadable from now on.

        One that is not here is noted as destroyed, so that it never comes to be here.
        """
        await self._lanes.fetch(DESTROY, kids)


class KeyPool:
    """Keys made ahead, so that registering a customer never waits for the key database.

    A key that is never used is harmless and never swept.
    """

    def __init__(self, keys: SubjectKeys, *, low_mark: int = KEYS_PER_CALL) -> None:
        self._keys = keys
        self._low_mark = low_mark
        self._ready: list[SubjectKey] = []
        self._refill: asyncio.Task[None] | None = None

    async def take(self) -> SubjectKey:
        """Return a key that nobody used and nobody else will get.

        Raises:
            UnavailableError: no key is left and the key database does not answer.
        """
        if len(self._ready) < self._low_mark:
            self._start_refill()
        while not self._ready:
            await asyncio.shield(self._start_refill())
        return self._ready.pop()

    def _start_refill(self) -> asyncio.Task[None]:
        if self._refill is None or self._refill.done():
            self._refill = asyncio.create_task(self._fill())
            # A refill that nobody waits for may fail: whoever finds the pool empty tries again
            # and is told.
            self._refill.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._refill

    async def _fill(self) -> None:
        self._ready.extend(await self._keys.make())


def key_unknown() -> NotFoundError:
    """Return the refusal of a reference that this database never had."""
    return NotFoundError(
        "there is no key with this reference",
        code="subject-key-unknown",
        field="kid",
        fix="take the kid from the JWE header of the event",
    )


def key_destroyed() -> GoneError:
    """Return the refusal of a key that was destroyed."""
    return GoneError(
        "the key of this subject was destroyed",
        code="subject-key-destroyed",
        fix="skip the event and delete what you hold about this subject",
        who_can_help="data protection",
    )
