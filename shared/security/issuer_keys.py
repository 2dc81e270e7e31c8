"""The issuer's public keys are at hand, fetched again before they are old, never trusted for long.

An issuer that does not answer stops nobody who was let in before: keys hold for an hour, as
long as a token lives. With no keys at all every question is an UnavailableError, and the next
one asks the issuer again.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from shared.clock import Clock
from shared.errors import UnavailableError

REFRESH_SECONDS = 300.0
TRUSTED_SECONDS = 3600.0
RETRY_SECONDS = 2.0
UNKNOWN_KEY_SECONDS = 5.0
_SHORTEST_MODULUS = 342  # 2,048 bits, written in base64url

logger = logging.getLogger(__name__)


class IssuerKeys:
    """The keys of one issuer by (kid, algorithm), from its discovery document."""

    def __init__(
        self,
        issuer: str,
        *,
        http: httpx.AsyncClient,
        clock: Clock,
        on_rotation: Callable[[], None],
    ) -> None:
        self._issuer = issuer
        self._http = http
        self._clock = clock
        self._on_rotation = on_rotation
        self._keys: dict[str, tuple[str, Key]] = {}
        self._fetched_at: float | None = None
        self._attempted_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def key_for(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key that may have signed with this algorithm, or None.

        Raises UnavailableError while the issuer was never reached, or not for an hour.
        """
        await self._have_keys()
        key = self._find(kid, algorithm)
        if key is None and self._since(self._attempted_at) >= UNKNOWN_KEY_SECONDS:
            await self._fetch()
            key = self._find(kid, algorithm)
        return key

    async def _have_keys(self) -> None:
        age = self._since(self._fetched_at)
        if age < REFRESH_SECONDS:
            return
        if self._since(self._attempted_at) >= RETRY_SECONDS or self._is_fetching():
            fetching = self._start_fetching()
            if age >= TRUSTED_SECONDS:
                await asyncio.shield(fetching)
        if self._since(self._fetched_at) >= TRUSTED_SECONDS:
            raise UnavailableError(
                "The token issuer does not answer, so nobody can be signed in.",
                code="issuer-unavailable",
                fix=f"Start the token issuer at {self._issuer}, or try again in a moment.",
                retry_after_seconds=round(RETRY_SECONDS),
            )

    def _find(self, kid: str | None, algorithm: str) -> Key | None:
        if kid is not None:
            known = self._keys.get(kid)
            return known[1] if known is not None and known[0] == algorithm else None
        fitting = [key for its_algorithm, key in self._keys.values() if its_algorithm == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def _since(self, moment: float | None) -> float:
        return float("inf") if moment is None else self._clock.monotonic() - moment

    def _is_fetching(self) -> bool:
        return self._fetching is not None and not self._fetching.done()

    def _start_fetching(self) -> asyncio.Task[None]:
        if self._fetching is None or self._fetching.done():
            self._attempted_at = self._clock.monotonic()
            self._fetching = asyncio.create_task(self._try_to_fetch())
        return self._fetching

    async def _fetch(self) -> None:
        # Shielded: a caller that goes away must not take the others' answer with it.
        await asyncio.shield(self._start_fetching())

    async def _try_to_fetch(self) -> None:
        try:
            keys = await self._download()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
            logger.warning("the token issuer's keys could not be fetched", exc_info=True)
            return
        if keys.keys() != self._keys.keys() or any(
            _thumbprint(keys[kid]) != _thumbprint(self._keys[kid]) for kid in keys
        ):
            self._on_rotation()
        self._keys = keys
        self._fetched_at = self._clock.monotonic()

    async def _download(self) -> dict[str, tuple[str, Key]]:
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        discovery = (await self._http.get(address)).raise_for_status().json()
        if discovery["issuer"] != self._issuer:
            raise ValueError("the discovery document is another issuer's")
        key_set = (await self._http.get(discovery["jwks_uri"])).raise_for_status().json()
        usable: dict[str, tuple[str, Key]] = {}
        for number, jwk in enumerate(key_set["keys"]):
            key = _public_key(jwk)
            if key is not None:
                usable[jwk.get("kid") or f"unnamed-{number}"] = key
        return usable


def _public_key(jwk: Mapping[str, Any]) -> tuple[str, Key] | None:
    """Return (algorithm, key) of a JWK we accept signatures of; others are not ours to judge."""
    if jwk.get("use", "sig") != "sig" or jwk.get("kty") not in {"OKP", "EC", "RSA"}:
        return None
    if jwk["kty"] == "RSA" and len(jwk.get("n", "")) < _SHORTEST_MODULUS:
        return None
    try:
        key = import_key(dict(jwk))
    except (JoseError, ValueError, TypeError):
        logger.warning("the token issuer publishes a key that cannot be read")
        return None
    algorithm = _algorithm_of(key, jwk)
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        return None
    return algorithm, key


def _algorithm_of(key: Key, jwk: Mapping[str, Any]) -> str | None:
    # One algorithm a key: what the token's header says never chooses how a key is used.
    match key:
        case OKPKey() if jwk["crv"] == "Ed25519":
            return "EdDSA"
        case ECKey() if jwk["crv"] == "P-256":
            return "ES256"
        case RSAKey():
            return "RS256"
        case _:
            return None


def _thumbprint(known: tuple[str, Key]) -> str:
    return known[1].thumbprint()
