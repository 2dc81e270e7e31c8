"""A password reaches PostgreSQL only as what checks it: no log of the server can hold it."""

import hashlib
import hmac
import os
from base64 import b64encode

from shared.errors import DaybookError

ITERATIONS = 4096
SALT_BYTES = 16


def verifier_of(password: str, salt: bytes | None = None) -> str:
    """Return what `alter role … password` stores (RFC 5802 with SHA-256), as libpq makes it.

    Raises:
        DaybookError: the password has characters that clients do not agree on how to write.
    """
    if not password.isascii() or not password.isprintable():
        raise DaybookError(
            "a database password has characters that are not printable ASCII",
            code="password-unusable",
            fix="take a random one: openssl rand -hex 32",
            who_can_help="an operator",
        )
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = (b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(ITERATIONS, *parts)
