"""A bearer token is believed only if the issuer signed it, for us, for now.

Checked: signature by one of the issuer's published keys (EdDSA, ES256, RS256 and nothing
else), issuer, audience, expiry, not-before. A token that held is remembered by its hash for at
most a minute, so that a busy client costs one hash a request.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry

from shared.clock import Clock
from shared.errors import NotSignedInError
from shared.security.issuer_keys import IssuerKeys

ALGORITHMS = ("EdDSA", "ES256", "RS256")
REMEMBERED_SECONDS = 60.0
LEEWAY_SECONDS = 5.0
_MOST_REMEMBERED = 10_000
_LONGEST_TOKEN = 8_192
_LONGEST_SUBJECT = 200
_FIX = "Get a new token from the issuer (on one machine: `daybook token alice`)."


class SignatureRegistry(JWSRegistry):
    """Our three algorithms, for whoever reads or makes a token.

    The library's own registry warns at every token that the name EdDSA is deprecated
    (RFC 9864); it is still the name that issuers publish.
    """

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return the algorithm, or raise for any other, `none` and HS256 included."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


SIGNATURES = SignatureRegistry()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for; nothing else of it is kept."""

    subject: str


class TokenVerifier:
    """Turns a bearer token into a Principal, or says why not.

    Needs nothing at start: keys are fetched when the first token comes, and again after any
    failure, so a process may start before its issuer.
    """

    def __init__(
        self, *, issuer: str, audience: str, http: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._remembered: dict[bytes, tuple[Principal, float]] = {}
        self._keys = IssuerKeys(issuer, http=http, clock=clock, on_rotation=self._remembered.clear)

    def remembered(self, token: str) -> Principal | None:
        """Return whose token this is if it held within the last minute and still does."""
        known = self._remembered.get(sha256(token.encode()).digest())
        if known is None or known[1] <= self._clock.monotonic():
            return None
        return known[0]

    async def verify(self, token: str) -> Principal:
        """Return whose token this is.

        Raises NotSignedInError if it does not hold, UnavailableError if the issuer's keys
        cannot be had.
        """
        if len(token) > _LONGEST_TOKEN:
            raise _refused("The token is longer than any token of the issuer.")
        known = self.remembered(token)
        if known is not None:
            return known
        algorithm, kid = _header(token)
        key = await self._keys.key_for(kid, algorithm)
        if key is None:
            raise _refused("The token is signed with a key that the issuer does not publish.")
        try:
            claims = jwt.decode(token, key, registry=SIGNATURES).claims
        except (JoseError, ValueError) as error:
            raise _refused("The token's signature does not hold.") from error
        return self._remember(token, claims)

    def _remember(self, token: str, claims: Mapping[str, Any]) -> Principal:
        now = self._clock.now().timestamp()
        expiry = self._check(claims, now)
        principal = Principal(_subject(claims))
        if len(self._remembered) >= _MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        held_for = min(expiry - now, REMEMBERED_SECONDS)
        until = self._clock.monotonic() + held_for
        self._remembered[sha256(token.encode()).digest()] = (principal, until)
        return principal

    def _check(self, claims: Mapping[str, Any], now: float) -> float:
        """Return when the token expires; every other claim must hold."""
        if claims.get("iss") != self._issuer:
            raise _refused("The token is another issuer's.")
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise _refused("The token is meant for another service.")
        expiry = _moment(claims, "exp")
        if expiry is None or expiry + LEEWAY_SECONDS <= now:
            raise _refused("The token has expired.")
        not_before = _moment(claims, "nbf")
        if not_before is not None and not_before - LEEWAY_SECONDS > now:
            raise _refused("The token does not hold yet.")
        return expiry


def _header(token: str) -> tuple[str, str | None]:
    try:
        header = jws.extract_compact(token.encode(), registry=SIGNATURES).headers()
    except (JoseError, ValueError) as error:
        raise _refused("This is not a token.") from error
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise _refused(f"The token is not signed with one of {', '.join(ALGORITHMS)}.")
    if kid is not None and not isinstance(kid, str):
        raise _refused("The token does not name its key.")
    return str(algorithm), kid


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise _refused("The token does not say who it is for.")
    return subject


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    moment = claims.get(name)
    if moment is None:
        return None
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not math.isfinite(moment):
        raise _refused(f"The token's {name} is not a time.")
    return float(moment)


def _refused(detail: str) -> NotSignedInError:
    return NotSignedInError(detail, code="token-refused", field="Authorization", fix=_FIX)
