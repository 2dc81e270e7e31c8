"""Personal fields of an event are one JWE that any language opens with the subject's key.

Format: RFC 7516 compact serialisation, `alg` dir, `enc` A256GCM, `kid` the subject reference and
`eid` the id of the event that it belongs to. The header's base64url text is the additional data.
Made by hand on AES-GCM because it is on the path of every event: joserfc, which the tests use as
the independent reader, takes four to eight times as long (docs/decisions/0004).
"""

from base64 import urlsafe_b64encode
from binascii import Error as NotBase64Error
from binascii import a2b_base64
from dataclasses import dataclass
from hashlib import sha256
from os import urandom
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

IV_BYTES = 12
TAG_BYTES = 16
COMMITMENT_LABEL = b"daybook-kc"
# base64url as the strict decoder wants it; plain base64's own characters are no base64url.
PLAIN_ALPHABET = bytes.maketrans(b"-_+/=", b"+/!!!")
PADDING = (b"", b"===", b"==", b"=")


class SealBrokenError(Exception):
    """The JWE is malformed, belongs to another event, or was not made with this key."""


def base64url(data: bytes) -> str:
    """Return unpadded base64url text (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes of unpadded base64url text; any other character is an error (RFC 7516)."""
    return _decoded(text.encode().translate(PLAIN_ALPHABET))


def seal(plaintext: bytes, kid: str, event_id: UUID, cipher: AESGCM) -> str:
    """Return the compact JWE of the personal fields of one event."""
    return seal_with_iv(urandom(IV_BYTES), plaintext, kid, event_id, cipher)


def seal_with_iv(iv: bytes, plaintext: bytes, kid: str, event_id: UUID, cipher: AESGCM) -> str:
    """Return the same JWE every time, for published examples and nothing else.

    Two texts sealed with one key and one IV give each other away.
    """
    header = base64url(f'{{"alg":"dir","enc":"A256GCM","kid":"{kid}","eid":"{event_id}"}}'.encode())
    sealed = cipher.encrypt(iv, plaintext, header.encode())
    ciphertext, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    return f"{header}..{base64url(iv)}.{base64url(ciphertext)}.{base64url(tag)}"


@dataclass(slots=True)
class Sealed:
    """A JWE taken apart, its header read: whose key opens it, and which event it belongs to.

    `header` is the text as it came; the parts behind it are in base64's own alphabet, not decoded.
    """

    kid: str
    eid: object
    header: bytes
    iv: bytes
    ciphertext: bytes
    tag: bytes


def read_sealed(jwe: str) -> Sealed:
    """Take a compact JWE apart, once for all questions about it.

    Raises:
        SealBrokenError: this is no JWE of ours.
    """
    text = jwe.encode()
    try:
        header, encrypted_key, iv, ciphertext, tag = text.translate(PLAIN_ALPHABET).split(b".")
    except ValueError as error:
        raise SealBrokenError("a compact JWE has five parts") from error
    members = _header(header)
    if (members.get("alg"), members.get("enc"), encrypted_key) != ("dir", "A256GCM", b""):
        raise SealBrokenError("the JWE is not dir with A256GCM")
    kid = members.get("kid")
    if not isinstance(kid, str):
        raise SealBrokenError("the JWE header has no kid")
    return Sealed(kid, members.get("eid"), text[: len(header)], iv, ciphertext, tag)


def unseal(sealed: Sealed, event_id: UUID | str, cipher: AESGCM) -> bytes:
    """Return the plaintext of a JWE that belongs to this event.

    Raises:
        SealBrokenError: moved here from another event, altered, or another key.
    """
    if sealed.eid != str(event_id):
        raise SealBrokenError("the JWE belongs to another event")
    try:
        iv, tag = _decoded(sealed.iv), _decoded(sealed.tag)
        if (len(iv), len(tag)) != (IV_BYTES, TAG_BYTES):
            raise SealBrokenError("the JWE's initialization vector or tag has another length")
        return cipher.decrypt(iv, _decoded(sealed.ciphertext) + tag, sealed.header)
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError("the JWE was altered or sealed with another key") from error


def key_commitment(key: bytes) -> str:
    """Return base64url(SHA-256(label ‖ key)): what a subject's first event says about its key."""
    return base64url(sha256(COMMITMENT_LABEL + key).digest())


def _decoded(plain: bytes) -> bytes:
    """Return the bytes of what was translated to base64's own alphabet."""
    return a2b_base64(plain + PADDING[len(plain) % 4], strict_mode=True)


def _header(plain: bytes) -> dict[str, object]:
    try:
        members = orjson.loads(_decoded(plain))
    except (NotBase64Error, ValueError) as error:
        raise SealBrokenError("the JWE header cannot be read") from error
    if not isinstance(members, dict):
        raise SealBrokenError("the JWE header is no object")
    return members
