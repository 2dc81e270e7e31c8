"""The local issuer signs tokens that a service verifies, for the demo people, and nobody else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from joserfc.jwk import OKPKey

from cli.local.issuer import GRANT, Issuer, create_app
from shared.authorization.people import DEMO_PEOPLE
from shared.security.tokens import TokenVerifier

URL = "http://127.0.0.1:8105"
KEY = OKPKey.generate_key("Ed25519")


class NoonClock:
    """It is always the same noon."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 1000.0


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    issuer = Issuer(url=URL, audience="daybook", key=KEY, clock=NoonClock())
    transport = httpx.ASGITransport(create_app(issuer))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


def form(**fields: str) -> dict[str, str]:
    return {"grant_type": GRANT, **fields}


@pytest.mark.parametrize("name", DEMO_PEOPLE)
async def test_a_service_accepts_the_token_of_every_demo_person(
    http: httpx.AsyncClient, name: str
) -> None:
    answer = (await http.post("/token", data=form(person=name))).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    verifier = TokenVerifier(issuer=URL, audience="daybook", http=http, clock=NoonClock())
    claims = await verifier.verify(answer["access_token"])
    assert claims.subject == DEMO_PEOPLE[name].subject


async def test_a_token_is_never_kept_by_a_cache(http: httpx.AsyncClient) -> None:
    answer = await http.post("/token", data=form(person="alice"))
    assert answer.headers["cache-control"] == "no-store"


async def test_an_unknown_person_is_told_who_there_is(http: httpx.AsyncClient) -> None:
    answer = await http.post("/token", data=form(person="mallory"))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/invalid-grant"
    assert "alice" in answer.json()["detail"]
    assert "mallory" not in answer.text


@pytest.mark.parametrize("fields", [{}, {"grant_type": "password", "person": "alice"}])
async def test_any_other_grant_is_refused(http: httpx.AsyncClient, fields: dict[str, str]) -> None:
    answer = await http.post("/token", data=fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_the_published_key_is_public_only(http: httpx.AsyncClient) -> None:
    (key,) = (await http.get("/.well-known/jwks.json")).json()["keys"]
    assert key["kid"] == KEY.thumbprint()
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")
    assert "d" not in key


async def test_discovery_names_where_keys_and_tokens_are(http: httpx.AsyncClient) -> None:
    found = (await http.get("/.well-known/openid-configuration")).json()
    assert found["issuer"] == URL
    assert found["jwks_uri"] == f"{URL}/.well-known/jwks.json"
    assert found["token_endpoint"] == f"{URL}/token"


async def test_a_web_page_that_plays_tricks_with_dns_gets_no_token(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post("/token", data=form(person="erin"), headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "access_token" not in answer.text


async def test_the_page_shows_who_one_can_be(http: httpx.AsyncClient) -> None:
    page = (await http.get("/")).text
    assert "daybook token alice" in page
    assert "sales manager" in page
