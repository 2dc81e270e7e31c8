"""On one machine the demo people can sign in, with no password: never production.

Run as `python -m cli.local.issuer`; speaks as much OpenID Connect as verifying a token takes. It
listens on loopback, or on the closed network of containers that DAYBOOK_SERVICE_HOST opens it to.
"""

import warnings
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from cli.local.keyfiles import load_signing_key
from cli.local.paths import Place
from cli.local.people_page import people_page
from cli.local.ports import LOOPBACK
from cli.local.services import SERVICES
from shared.authorization.people import DEMO_PEOPLE, Person
from shared.clock import Clock, SystemClock
from shared.observability.logs import configure_logging
from shared.security.service_tokens import FILE
from shared.settings import ObservabilitySettings, SecuritySettings

GRANT = "urn:daybook:demo-person"
SERVICE_GRANT = "client_credentials"
LIFETIME_SECONDS = 3600


class IssuerSettings(BaseSettings):
    """What of a service's settings is the issuer's as well; it starts whatever the others say."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_SERVICE_", frozen=True)

    host: str = Field(LOOPBACK, description="The address that it listens on.")


@dataclass(frozen=True, slots=True)
class Issuer:
    """Signs a token for any demo person who asks, and for a service only if it shows its secret.

    `secrets` says which file holds the secret of a service.
    """

    url: str
    audience: str
    key: OKPKey
    clock: Clock
    secrets: Mapping[str, Path] = field(default_factory=dict)

    def sign(self, person: Person) -> str:
        """Return a token that holds for an hour."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": self.audience,
            "sub": person.subject,
            "name": person.display,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        }
        header = {"alg": "EdDSA", "typ": "JWT", "kid": self.key.thumbprint()}
        with warnings.catch_warnings():
            # RFC 9864 renames EdDSA to Ed25519; most verifiers still know only the old name.
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.encode(header, claims, self.key, algorithms=["EdDSA"])

    async def configuration(self, _: Request) -> Response:
        """Answer where the keys and the tokens are."""
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/.well-known/jwks.json",
                "token_endpoint": f"{self.url}/token",
                "grant_types_supported": [GRANT, SERVICE_GRANT],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
            }
        )

    async def keys(self, _: Request) -> Response:
        """Answer the public key that tokens are verified with."""
        public = self.key.as_dict(private=False)
        return JSONResponse(
            {"keys": [{**public, "kid": self.key.thumbprint(), "use": "sig", "alg": "EdDSA"}]}
        )

    async def token(self, request: Request) -> Response:
        """Answer a token for the demo person that the form names, or the service that signs in."""
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        name = form.get("person", "")
        if form.get("grant_type") == SERVICE_GRANT:
            return self._of_service(request)
        if form.get("grant_type") != GRANT:
            return _refusal("unsupported_grant_type", f"This issuer knows only the grant {GRANT}.")
        person = DEMO_PEOPLE.get(name)
        if name in self.secrets:
            return _refusal(
                "unauthorized_client", f"The service {name} signs in with its secret, nobody else."
            )
        if person is None:
            who = ", ".join(sorted(DEMO_PEOPLE.keys() - self.secrets.keys()))
            return _refusal("invalid_grant", f"There is no demo person of that name, only: {who}.")
        return self._signed(person)

    def _of_service(self, request: Request) -> Response:
        name, secret = _basic(request.headers.get("authorization", ""))
        file = self.secrets.get(name)
        # Read anew, as the service does: whoever replaces it need not start anything again.
        known = b"" if file is None or not file.exists() else file.read_bytes().strip()
        if not known or not compare_digest(known, secret):
            return _refusal(
                "invalid_client", "The account or its secret is wrong.", HTTPStatus.UNAUTHORIZED
            )
        return self._signed(DEMO_PEOPLE[name])

    def _signed(self, person: Person) -> Response:
        answer = {"access_token": self.sign(person), "token_type": "Bearer"}
        return JSONResponse(
            {**answer, "expires_in": LIFETIME_SECONDS}, headers={"Cache-Control": "no-store"}
        )

    async def page(self, _: Request) -> Response:
        """Answer a page that shows who one can be here."""
        return HTMLResponse(
            people_page(
                {name: one for name, one in DEMO_PEOPLE.items() if name not in self.secrets}
            )
        )


def create_app(issuer: Issuer) -> Starlette:
    """Return the app; a foreign Host is refused, so that no web page gets in by DNS tricks."""
    own = urlsplit(issuer.url).hostname or LOOPBACK
    routes = [
        Route("/", issuer.page),
        Route("/.well-known/openid-configuration", issuer.configuration),
        Route("/.well-known/jwks.json", issuer.keys),
        Route("/token", issuer.token, methods=["POST"]),
    ]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost", own])
    return Starlette(routes=routes, middleware=[hosts])


def main() -> None:
    """Serve until SIGTERM, at the port that the issuer's URL names."""
    configure_logging(ObservabilitySettings(), service="issuer", role="all")
    settings = SecuritySettings()
    issuer = Issuer(
        url=settings.issuer,
        audience=settings.audience,
        key=load_signing_key(settings.secrets_dir),
        clock=SystemClock(),
        secrets={
            service.name: Place(settings.secrets_dir.parent).secrets_of(service.name) / FILE
            for service in SERVICES
        },
    )
    uvicorn.run(
        create_app(issuer),
        host=IssuerSettings().host,
        port=urlsplit(settings.issuer).port or 80,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )


def _basic(header: str) -> tuple[str, bytes]:
    """Return the account and secret of HTTP Basic; nobody if there are none."""
    scheme, _, encoded = header.partition(" ")
    try:
        name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", b""
    return (unquote(name), unquote(secret).encode()) if scheme.lower() == "basic" else ("", b"")


def _refusal(error: str, detail: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    problem = {
        "type": f"/problems/{error.replace('_', '-')}",
        "title": "No token for this request",
        "status": status,
        "detail": detail,
        "error": error,
        "fix": "daybook token alice",
    }
    headers = {"WWW-Authenticate": "Basic"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(problem, status, headers, media_type="application/problem+json")


if __name__ == "__main__":
    main()
