"""A token issuer that a test can turn: its keys, its absence."""

from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from shared.authorization.people import DEMO_PEOPLE
from shared.security.tokens import SIGNATURES, TokenVerifier
from shared.testing.clock import TurnableClock

ISSUER = "https://issuer.example"
AUDIENCE = "daybook"


def new_key(algorithm: str, kid: str) -> Key:
    match algorithm:
        case "EdDSA":
            return OKPKey.generate_key("Ed25519", {"kid": kid})
        case "ES256":
            return ECKey.generate_key("P-256", {"kid": kid})
        case _:
            return RSAKey.generate_key(2048, {"kid": kid})


class FakeIssuer:
    """An OIDC issuer in memory: keys that can be rotated, a switch to take it down."""

    def __init__(self, clock: TurnableClock, algorithm: str = "EdDSA") -> None:
        self.clock = clock
        self.algorithm = algorithm
        self.key = new_key(algorithm, "first")
        self.published: list[dict[str, Any]] = [dict(self.key.as_dict(private=False))]
        self.name = ISSUER
        self.is_down = False
        self.asked = 0

    def rotate(self, kid: str) -> None:
        """Publish a new key instead of the old."""
        self.key = new_key(self.algorithm, kid)
        self.published = [dict(self.key.as_dict(private=False))]

    def claims(self, **changes: object) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 3600}
        claims |= {"sub": DEMO_PEOPLE["alice"].subject, "name": "Alice"}
        claims |= changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, header: dict[str, Any] | None = None, **changes: object) -> str:
        """Sign a token; a claim given as None is left out."""
        its_header = {"alg": self.algorithm, "kid": self.key.kid} | (header or {})
        its_header = {name: value for name, value in its_header.items() if value is not None}
        return jwt.encode(its_header, self.claims(**changes), self.key, registry=SIGNATURES)

    def token_of(self, person: str) -> str:
        return self.token(sub=DEMO_PEOPLE[person].subject)

    def verifier(self) -> TokenVerifier:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return TokenVerifier(issuer=ISSUER, audience=AUDIENCE, http=http, clock=self.clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.is_down:
            raise httpx.ConnectError("nobody listens", request=request)
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={"issuer": self.name, "jwks_uri": f"{ISSUER}/keys"})
        return httpx.Response(200, json={"keys": self.published})
