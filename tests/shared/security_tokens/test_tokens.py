"""A bearer token is believed only if the issuer signed it, for us, for now."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwk import OctKey, RSAKey

from shared.authorization.people import DEMO_PEOPLE
from shared.errors import NotSignedInError
from shared.security import tokens
from shared.testing.clock import TurnableClock
from tests.shared.fakes import FakeIssuer, new_key

ALICE = DEMO_PEOPLE["alice"].subject


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer(TurnableClock())


async def refusal(issuer: FakeIssuer, token: str) -> str:
    with pytest.raises(NotSignedInError) as refused:
        await issuer.verifier().verify(token)
    assert refused.value.fix
    return refused.value.detail


async def subject_of(issuer: FakeIssuer, token: str) -> str:
    return (await issuer.verifier().verify(token)).subject


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
async def test_a_token_of_the_issuer_says_who_asks(algorithm: str) -> None:
    issuer = FakeIssuer(TurnableClock(), algorithm)
    principal = await issuer.verifier().verify(issuer.token())
    assert principal == tokens.Principal(ALICE)


async def test_an_expired_token_is_refused(issuer: FakeIssuer) -> None:
    token = issuer.token()
    issuer.clock.turn(3600 + tokens.LEEWAY_SECONDS)
    assert "expired" in await refusal(issuer, token)


async def test_clocks_may_differ_by_a_few_seconds(issuer: FakeIssuer) -> None:
    now = int(issuer.clock.now().timestamp())
    assert await subject_of(issuer, issuer.token(exp=now - 4)) == ALICE
    assert await subject_of(issuer, issuer.token(nbf=now + 4)) == ALICE


async def test_a_token_that_does_not_hold_yet_is_refused(issuer: FakeIssuer) -> None:
    later = int(issuer.clock.now().timestamp()) + 60
    assert "not hold yet" in await refusal(issuer, issuer.token(nbf=later))


async def test_a_token_of_another_issuer_is_refused(issuer: FakeIssuer) -> None:
    assert "another issuer" in await refusal(issuer, issuer.token(iss="https://other.example"))


@pytest.mark.parametrize("audience", ["billing", ["billing", "mail"], None, 7])
async def test_a_token_for_another_service_is_refused(issuer: FakeIssuer, audience: object) -> None:
    assert "another service" in await refusal(issuer, issuer.token(aud=audience))


async def test_a_token_may_be_for_several_services(issuer: FakeIssuer) -> None:
    assert await subject_of(issuer, issuer.token(aud=["billing", "daybook"])) == ALICE


@pytest.mark.parametrize("expiry", [None, "tomorrow", True])
async def test_a_token_without_an_expiry_is_refused(issuer: FakeIssuer, expiry: object) -> None:
    await refusal(issuer, issuer.token(exp=expiry))


@pytest.mark.parametrize("subject", [None, "", 7, "x" * 201])
async def test_a_token_for_nobody_is_refused(issuer: FakeIssuer, subject: object) -> None:
    assert "who it is for" in await refusal(issuer, issuer.token(sub=subject))


async def test_a_token_that_nobody_signed_is_refused(issuer: FakeIssuer) -> None:
    token = unsigned({"alg": "none", "kid": "first"}, issuer.claims())
    assert "not signed with one of" in await refusal(issuer, f"{token}.")


async def test_the_public_key_is_not_taken_for_a_shared_secret() -> None:
    issuer = FakeIssuer(TurnableClock(), "RS256")
    token = unsigned({"alg": "HS256", "kid": "first"}, issuer.claims())
    assert isinstance(issuer.key, RSAKey)
    public_key = issuer.key.as_pem(private=False)
    mac = hmac.new(public_key, token.encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    assert "not signed with one of" in await refusal(issuer, f"{token}.{signature}")


async def test_a_shared_secret_among_the_keys_is_ignored(issuer: FakeIssuer) -> None:
    secret = OctKey.generate_key(256, {"kid": "secret"})
    issuer.published.append(dict(secret.as_dict(private=True)))
    assert await subject_of(issuer, issuer.token()) == ALICE
    token = unsigned({"alg": "HS256", "kid": "secret"}, issuer.claims())
    assert "not signed with one of" in await refusal(issuer, f"{token}.AAAA")


async def test_the_token_does_not_choose_how_a_key_is_used(issuer: FakeIssuer) -> None:
    other = new_key("ES256", "first")
    forger = FakeIssuer(issuer.clock, "ES256")
    forger.key = other
    assert "does not publish" in await refusal(issuer, forger.token())


async def test_a_forged_signature_is_refused(issuer: FakeIssuer) -> None:
    forger = FakeIssuer(issuer.clock)
    assert "signature does not hold" in await refusal(issuer, forger.token())


async def test_a_token_changed_after_signing_is_refused(issuer: FakeIssuer) -> None:
    header, _, signature = issuer.token().split(".")
    other = issuer.token_of("erin").split(".")[1]
    assert "signature does not hold" in await refusal(issuer, f"{header}.{other}.{signature}")


@pytest.mark.parametrize("text", ["", "alice", "a.b.c", "a.b.c.d.e", "....", "e30.e30.e30"])
async def test_what_is_no_token_is_refused(issuer: FakeIssuer, text: str) -> None:
    await refusal(issuer, text)


async def test_a_token_longer_than_any_is_refused_unread(issuer: FakeIssuer) -> None:
    assert "longer" in await refusal(issuer, "a" * 10_000)


async def test_a_token_that_names_no_key_fits_only_if_there_is_just_one(issuer: FakeIssuer) -> None:
    token = issuer.token(header={"kid": None})
    assert await subject_of(issuer, token) == ALICE
    issuer.published.append(dict(new_key("EdDSA", "second").as_dict(private=False)))
    assert "does not publish" in await refusal(issuer, token)


async def test_a_token_whose_key_has_no_proper_name_is_refused(issuer: FakeIssuer) -> None:
    token = unsigned({"alg": "EdDSA", "kid": 7}, issuer.claims())
    assert "does not name its key" in await refusal(issuer, f"{token}.AAAA")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES512", "PS256"])
def test_no_other_way_of_signing_is_known(algorithm: str) -> None:
    with pytest.raises(UnsupportedAlgorithmError):
        tokens.SIGNATURES.get_alg(algorithm)


async def test_a_token_that_is_remembered_needs_no_issuer(issuer: FakeIssuer) -> None:
    verifier = issuer.verifier()
    token = issuer.token()
    first = await verifier.verify(token)
    issuer.is_down = True
    assert await verifier.verify(token) is first


async def test_a_token_is_remembered_for_a_minute_and_no_longer(issuer: FakeIssuer) -> None:
    verifier = issuer.verifier()
    token = issuer.token()
    await verifier.verify(token)
    issuer.clock.turn(59)
    assert verifier.remembered(token) == tokens.Principal(ALICE)
    issuer.clock.turn(1)
    assert verifier.remembered(token) is None
    assert await verifier.verify(token) == tokens.Principal(ALICE)


async def test_a_token_is_not_remembered_beyond_its_expiry(issuer: FakeIssuer) -> None:
    verifier = issuer.verifier()
    token = issuer.token(exp=int(issuer.clock.now().timestamp()) + 10)
    await verifier.verify(token)
    issuer.clock.turn(10)
    assert verifier.remembered(token) is None


async def test_only_so_many_tokens_are_remembered(
    issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_MOST_REMEMBERED", 2)
    verifier = issuer.verifier()
    three = [issuer.token_of(person) for person in ("alice", "bob", "carol")]
    for token in three:
        await verifier.verify(token)
    assert [verifier.remembered(token) is None for token in three] == [True, False, False]
