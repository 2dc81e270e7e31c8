"""Nothing of a file lies in a table that can be read without the file's own key."""

import hmac
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from os import urandom
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.security.jwe import SealBrokenError

IV_BYTES: Final = 12
MAC_BYTES: Final = 16
_UNSAID: Final = re.compile(r"[\W_]+")


class FileSeal:
    """Seals and opens the pieces of one file; a piece opens only under the name it was sealed."""

    def __init__(self, import_id: UUID, cipher: AESGCM) -> None:
        self._prefix = import_id.bytes
        self._cipher = cipher

    def seal(self, piece: bytes, name: str) -> bytes:
        """Return iv ‖ AES-256-GCM(piece)."""
        iv = urandom(IV_BYTES)
        return iv + self._cipher.encrypt(iv, piece, self._prefix + name.encode())

    def open(self, sealed: bytes, name: str) -> bytes:
        """Return the piece.

        Raises:
            SealBrokenError: altered, or another piece.
        """
        try:
            iv, text = sealed[:IV_BYTES], sealed[IV_BYTES:]
            return self._cipher.decrypt(iv, text, self._prefix + name.encode())
        except InvalidTag as error:
            raise SealBrokenError("a piece of a file does not open with the file's key") from error

    def seal_json(self, value: Mapping[str, Any], name: str) -> bytes:
        """Seal members."""
        return self.seal(orjson.dumps(value), name)

    def open_json(self, sealed: bytes, name: str) -> dict[str, Any]:
        """Return the members (raises as `open`)."""
        members: dict[str, Any] = orjson.loads(self.open(sealed, name))
        return members


class Marks:
    """HMACs by which rows and people are known again, and that tell nothing without the secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hmac.digest(secret, b"daybook-import-marks", "sha256")

    def of_key(self, source: str, key: str) -> bytes:
        """Return the mark of a row that names its key."""
        return self._mark(b"key", source, key)

    def of_row(self, source: str, said: bytes) -> bytes:
        """Return the mark of a row that names none: of all that it says."""
        return self._mark(b"row", source, sha256(said).hexdigest())

    def of_content(self, said: bytes, meaning: str) -> bytes:
        """Return the mark of what a row says, and of what its columns mean."""
        return self._mark(b"content", meaning, sha256(said).hexdigest())

    def of_people(self, texts: Iterable[str]) -> list[bytes]:
        """Return a mark for each text that may name somebody, whatever its case and punctuation."""
        plain = sorted({_UNSAID.sub("", text).casefold() for text in texts} - {""})
        return [self._mark(b"match", text) for text in plain]

    def _mark(self, what: bytes, *texts: str) -> bytes:
        said = b"\x1f".join([what, *(text.encode("utf-8", "surrogatepass") for text in texts)])
        return hmac.digest(self._secret, said, "sha256")[:MAC_BYTES]
