"""Subject keys lie in their database only wrapped by a master key that lives elsewhere."""

from os import urandom
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import DaybookError

KEY_BYTES = 32
IV_BYTES = 12


class MasterKey(Protocol):
    """Wraps subject keys: a file on one machine, a key management service elsewhere."""

    def wrap(self, kid: str, key: bytes) -> bytes:
        """Return the key, encrypted, bound to its reference."""
        ...

    def unwrap(self, kid: str, wrapped: bytes) -> bytes:
        """Return the key again.

        Raises:
            DaybookError: wrapped by another master key, or for another reference.
        """
        ...


class FileMasterKey:
    """A master key of 32 bytes in a file that only the service's user may read."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @staticmethod
    def read(path: Path) -> "FileMasterKey":
        """Read the key file.

        Raises:
            DaybookError: there is no such file, or it is not 32 bytes.
        """
        return FileMasterKey(read_key_file(path))

    def wrap(self, kid: str, key: bytes) -> bytes:
        """Return iv ‖ AES-256-GCM(key), with the reference as additional data."""
        iv = urandom(IV_BYTES)
        return iv + self._cipher.encrypt(iv, key, kid.encode())

    def unwrap(self, kid: str, wrapped: bytes) -> bytes:
        """Return the key again.

        Raises:
            DaybookError: wrapped by another master key, or for another reference.
        """
        try:
            return self._cipher.decrypt(wrapped[:IV_BYTES], wrapped[IV_BYTES:], kid.encode())
        except InvalidTag as error:
            raise DaybookError(
                "a subject key cannot be unwrapped with this master key",
                code="wrong-master-key",
                fix="put the master key back that the key database was used with",
                who_can_help="an operator",
            ) from error


class NoMasterKey:
    """For whoever may destroy keys and needs to read none."""

    def wrap(self, kid: str, key: bytes) -> bytes:
        """Refuse to."""
        raise _not_here()

    def unwrap(self, kid: str, wrapped: bytes) -> bytes:
        """Refuse to."""
        raise _not_here()


def _not_here() -> DaybookError:
    return DaybookError("this process has no master key", code="no-master-key")


def read_key_file(path: Path) -> bytes:
    """Return the 32 bytes of a secret file.

    Raises:
        DaybookError: there is no such file, or it is not 32 bytes.
    """
    try:
        key = path.read_bytes()
    except OSError as error:
        raise DaybookError(
            f"the secret {path.name} cannot be read ({error.strerror})",
            code="secret-missing",
            fix=f"put 32 random bytes into {path}, readable for the service's user only",
            who_can_help="an operator",
        ) from error
    if len(key) != KEY_BYTES:
        raise DaybookError(
            f"the secret {path.name} has {len(key)} bytes, not {KEY_BYTES}",
            code="secret-malformed",
            fix="restore it from the backup of secrets",
            who_can_help="an operator",
        )
    return key
