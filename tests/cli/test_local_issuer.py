"""The local issuer signs tokens that a service verifies, for the demo people, and nobody else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import OKPKey

from cli.local.issuer import GRANT, Issuer, create_app
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import DaybookError, UnavailableError
from shared.security.service_tokens import ServiceTokens
from shared.security.tokens import TokenVerifier
from shared.testing.clock import TurnableClock

URL = "http://127.0.0.1:8105"
KEY = OKPKey.generate_key("Ed25519")


class NoonClock:
    """It is always the same noon."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 1000.0


def put(file: Path, text: str | None) -> None:
    """Let a secret be this, for its owner alone; None: let there be none."""
    if text is None:
        file.unlink()
        return
    file.write_text(text)
    file.chmod(0o600)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "client.secret"
    put(file, "it is: 100% secret\n")
    return file


@pytest.fixture
async def http(secret: Path) -> AsyncIterator[httpx.AsyncClient]:
    secrets = {"customers": secret}
    issuer = Issuer(url=URL, audience="daybook", key=KEY, clock=NoonClock(), secrets=secrets)
    transport = httpx.ASGITransport(create_app(issuer))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


def form(**fields: str) -> dict[str, str]:
    return {"grant_type": GRANT, **fields}


@pytest.mark.parametrize("name", sorted(DEMO_PEOPLE.keys() - {"customers"}))
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


async def test_nobody_is_a_service_by_saying_so(http: httpx.AsyncClient) -> None:
    answer = await http.post("/token", data=form(person="customers"))
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    listed = await http.post("/token", data=form(person="mallory"))
    assert "billing" in listed.json()["detail"]
    assert "customers" not in listed.json()["detail"]


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


async def test_among_containers_it_answers_to_the_name_in_its_url() -> None:
    url = "http://issuer:8105"
    app = create_app(Issuer(url=url, audience="daybook", key=KEY, clock=NoonClock()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=url) as client:
        assert (await client.get("/.well-known/jwks.json")).status_code == 200


async def test_the_page_shows_who_one_can_be(http: httpx.AsyncClient) -> None:
    page = (await http.get("/")).text
    assert "daybook token alice" in page
    assert "sales manager" in page


async def test_a_service_signs_in_with_its_secret_and_asks_again_only_before_the_token_ends(
    http: httpx.AsyncClient, secret: Path
) -> None:
    clock = TurnableClock()
    tokens = ServiceTokens(URL, "customers", secret, http, clock)
    token = await tokens.token()
    verifier = TokenVerifier(issuer=URL, audience="daybook", http=http, clock=NoonClock())
    assert (await verifier.verify(token)).subject == DEMO_PEOPLE["customers"].subject
    put(secret, "another")
    clock.turn(3539)
    assert await tokens.token() == token
    put(secret, None)
    clock.turn(2)
    with pytest.raises(DaybookError) as refused:
        await tokens.token()
    assert refused.value.problem_code == "secret-missing"


@pytest.mark.parametrize("account", ["permissions", "alice", "nobody"])
async def test_whoever_has_no_secret_here_is_no_service(
    http: httpx.AsyncClient, secret: Path, account: str
) -> None:
    with pytest.raises(UnavailableError) as refused:
        await ServiceTokens(URL, account, secret, http, TurnableClock()).token()
    assert refused.value.problem_code == "service-account-refused"
    assert str(secret) in str(refused.value.fix)


async def test_a_wrong_secret_is_refused_and_a_new_one_is_taken_at_once(
    http: httpx.AsyncClient, secret: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    put(wrong, "guessed")
    with pytest.raises(UnavailableError):
        await ServiceTokens(URL, "customers", wrong, http, TurnableClock()).token()
    put(secret, "guessed")
    assert await ServiceTokens(URL, "customers", wrong, http, TurnableClock()).token()


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!", "Bearer abc", "Basic Y3VzdG9tZXJz"])
async def test_what_is_no_basic_authorization_is_refused(
    http: httpx.AsyncClient, header: str
) -> None:
    answer = await http.post(
        "/token", data={"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")


async def test_an_issuer_that_is_away_is_told(secret: Path) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(away)) as nobody:
        with pytest.raises(UnavailableError) as refused:
            await ServiceTokens(URL, "customers", secret, nobody, TurnableClock()).token()
    assert refused.value.problem_code == "issuer-unavailable"
