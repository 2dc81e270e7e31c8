"""A page token says where the next page begins, to us alone: it is sealed, for it holds a name."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from os import urandom

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.requests import Request

from shared.errors import InvalidInputError

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 200
_PURPOSE = b"daybook page token 1"
_NONCE_BYTES = 12
_QUERY_BYTES = 16
_LONGEST_TOKEN = 4_096
_DIGITS = re.compile(r"[0-9]{1,9}")

Place = Sequence[str | int]
"""The sort key of the last item of a page."""


def page_size(request: Request) -> int:
    """Return how many items the caller wants to a page: clamped to 1…200, 50 unless said."""
    given = request.query_params.get("page_size")
    if given is None:
        return DEFAULT_PAGE_SIZE
    if _DIGITS.fullmatch(given) is None:
        raise InvalidInputError(
            "The page size is not a number.", field="page_size", fix="Send 1 to 200, or nothing."
        )
    return min(max(int(given), 1), LARGEST_PAGE_SIZE)


class PageTokens:
    """Seals and opens page tokens with a key derived from the service's own."""

    def __init__(self, service_key: bytes) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(service_key)
        self._cipher = AESGCM(derived)

    def seal(self, place: Place, query: str) -> str:
        """Return the token for the page after `place` of this query (route and filters)."""
        nonce = urandom(_NONCE_BYTES)
        plain = _fingerprint(query) + orjson.dumps(list(place))
        sealed = nonce + self._cipher.encrypt(nonce, plain, _PURPOSE)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, token: str, query: str) -> list[str | int]:
        """Return the place in a token that we sealed for this very query, or say what is wrong."""
        plain = self._opened(token)
        if plain[:_QUERY_BYTES] != _fingerprint(query):
            raise InvalidInputError(
                "This page token belongs to another query.",
                code="page-token-of-another-query",
                field="page_token",
                fix="Repeat the query that gave the token, or start again without page_token.",
            )
        place: list[str | int] = orjson.loads(plain[_QUERY_BYTES:])
        return place

    def of_request(self, request: Request, query: str) -> list[str | int] | None:
        """Return the place where the caller's next page begins; None for the first page."""
        token = request.query_params.get("page_token")
        return self.open(token, query) if token else None

    def _opened(self, token: str) -> bytes:
        try:
            sealed = urlsafe_b64decode(token[:_LONGEST_TOKEN] + "=" * (-len(token) % 4))
            nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, rest, _PURPOSE)
        except (ValueError, InvalidTag) as error:
            raise InvalidInputError(
                "This is not a page token of this service.",
                code="page-token-refused",
                field="page_token",
                fix="Send next_page_token of the page before, or start again without page_token.",
            ) from error


def _fingerprint(query: str) -> bytes:
    return sha256(query.encode()).digest()[:_QUERY_BYTES]
