"""Subject keys lie in their database only wrapped by a master key that lives elsewhere.

The master key that wraps now and those of before are told apart by their ids, which stand beside
what they wrapped. So a master key can be replaced while everything runs: the old one goes on
opening what it wrapped until all of it is wrapped anew.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import DaybookError
from shared.security.secret_files import checked_key, read_key_file, read_secret_file

IV_BYTES: Final = 12
CURRENT: Final = "master.key"
FORMER: Final = "master.*.key"
ID_LABEL: Final = b"daybook-mk"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key as it lies in the database, and the id of the master key that wrapped it.

    None: it was wrapped before ids were kept, and each master key is tried.
    """

    content: bytes
    master_id: str | None


class MasterKey(Protocol):
    """Wraps subject keys."""

    @property
    def id(self) -> str:
        """Which master key wraps now."""
        ...

    def wrap(self, kid: str, key: bytes) -> Wrapped:
        """Return the key, encrypted, bound to its reference."""
        ...

    def unwrap(self, kid: str, wrapped: Wrapped) -> bytes:
        """Return the key again.

        Raises:
            DaybookError: wrapped by another master key, or for another reference.
        """
        ...


class KeyManagement(Protocol):
    """A key management service: it keeps a key of its own, with which it seals master keys.

    A process asks it once for each master key, at its start and when a new one appears, and keeps
    the answer in memory. Daybook ships none; whoever has one implements this.
    """

    def encrypt(self, plain: bytes) -> bytes:
        """Return a master key as it may lie in a file."""
        ...

    def decrypt(self, sealed: bytes) -> bytes:
        """Return a master key; UnavailableError if the service does not answer."""
        ...


class KnownMasterKeys:
    """Master keys in memory: the first wraps, all of them unwrap."""

    def __init__(self, current: bytes, *former: bytes) -> None:
        self.id = id_of(current)
        self._ciphers = {id_of(key): AESGCM(key) for key in (current, *former)}

    @property
    def ids(self) -> frozenset[str]:
        """The master keys that are known."""
        return frozenset(self._ciphers)

    def wrap(self, kid: str, key: bytes) -> Wrapped:
        """Return iv ‖ AES-256-GCM(key), with the reference as additional data."""
        iv = os.urandom(IV_BYTES)
        return Wrapped(iv + self._ciphers[self.id].encrypt(iv, key, kid.encode()), self.id)

    def unwrap(self, kid: str, wrapped: Wrapped) -> bytes:
        """Return the key again.

        Raises:
            DaybookError: wrapped by another master key, or for another reference.
        """
        iv, sealed = wrapped.content[:IV_BYTES], wrapped.content[IV_BYTES:]
        for cipher in self._ciphers_of(wrapped.master_id):
            try:
                return cipher.decrypt(iv, sealed, kid.encode())
            except InvalidTag:
                continue
        raise DaybookError(
            "a subject key cannot be unwrapped with this master key",
            code="wrong-master-key",
            fix="put the master key back that the key database was used with: as master.key, or as"
            " master.NAME.key if it was replaced",
            who_can_help="an operator",
        )

    def _ciphers_of(self, master_id: str | None) -> list[AESGCM]:
        if master_id is None:
            return list(self._ciphers.values())
        return [self._ciphers[master_id]] if master_id in self._ciphers else []


class MasterKeyFiles:
    """Master keys in a folder: `master.key` wraps, each `master.NAME.key` was it before.

    A file that was replaced is noticed by itself: before wrapping, and when what is to be
    unwrapped names a master key that is not known.
    """

    def __init__(self, folder: Path, management: KeyManagement | None = None) -> None:
        """Read them; with `management` the files hold what it sealed.

        Raises:
            DaybookError: a file is not there, malformed, or others may read it.
        """
        self._folder = folder
        self._current = folder / CURRENT
        self._management = management
        self._known, self._seen = self._read()

    @property
    def id(self) -> str:
        """Which master key wraps now."""
        self._look()
        return self._known.id

    def wrap(self, kid: str, key: bytes) -> Wrapped:
        """Return the key, encrypted, bound to its reference."""
        self._look()
        return self._known.wrap(kid, key)

    def unwrap(self, kid: str, wrapped: Wrapped) -> bytes:
        """Return the key again.

        Raises:
            DaybookError: wrapped by another master key, or for another reference.
        """
        if wrapped.master_id is not None and wrapped.master_id not in self._known.ids:
            self._known, self._seen = self._read()
        return self._known.unwrap(kid, wrapped)

    def _look(self) -> None:
        if self._stamp() != self._seen:
            self._known, self._seen = self._read()

    def _stamp(self) -> tuple[int, int]:
        its = self._current.stat()
        return its.st_ino, its.st_mtime_ns

    def _read(self) -> tuple[KnownMasterKeys, tuple[int, int]]:
        current = self._opened(self._current)
        former = [self._opened(path) for path in sorted(self._folder.glob(FORMER))]
        return KnownMasterKeys(current, *former), self._stamp()

    def _opened(self, path: Path) -> bytes:
        if self._management is None:
            return read_key_file(path)
        return checked_key(self._management.decrypt(read_secret_file(path)), path)


class NoMasterKey:
    """For whoever may destroy keys and needs to read none."""

    id = ""

    def wrap(self, kid: str, key: bytes) -> Wrapped:
        """Refuse to."""
        raise _not_here()

    def unwrap(self, kid: str, wrapped: Wrapped) -> bytes:
        """Refuse to."""
        raise _not_here()


def id_of(key: bytes) -> str:
    """Return the id of a master key, which tells nothing of it."""
    return sha256(ID_LABEL + key).hexdigest()[:16]


def _not_here() -> DaybookError:
    return DaybookError("this process has no master key", code="no-master-key")
