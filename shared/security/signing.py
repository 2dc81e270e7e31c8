"""What a service states for others to keep is signed; its public key is enough to check it."""

from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jws
from joserfc.jwk import OKPKey

from shared.security.tokens import SIGNATURES

_PURPOSE = b"daybook statements, Ed25519"


class StatementSigner:
    """Signs with an Ed25519 key that is derived from the service's key: every api has the same."""

    def __init__(self, service_key: bytes) -> None:
        seed = HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(service_key)
        private = Ed25519PrivateKey.from_private_bytes(seed)
        self._key = OKPKey.import_key(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        public = private.public_key()
        self._public = OKPKey.import_key(
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    @property
    def public_key(self) -> dict[str, Any]:
        """The public key (JWK, RFC 8037); its `kid` is its thumbprint (RFC 7638)."""
        return {
            **self._public.as_dict(private=False),
            "kid": self._public.thumbprint(),
            "alg": "EdDSA",
            "use": "sig",
        }

    def sign(self, statement: dict[str, Any]) -> str:
        """Return the statement as a compact JWS (RFC 7515); the same one every time."""
        header = {"alg": "EdDSA", "kid": self._public.thumbprint(), "typ": "JOSE"}
        payload = orjson.dumps(statement, option=orjson.OPT_SORT_KEYS)
        return jws.serialize_compact(header, payload, self._key, registry=SIGNATURES)
