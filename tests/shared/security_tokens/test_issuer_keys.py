"""The issuer's public keys are at hand, fetched again before they are old."""

import asyncio

import pytest

from shared.authorization.people import DEMO_PEOPLE
from shared.errors import NotSignedInError, UnavailableError
from shared.security.issuer_keys import (
    REFRESH_SECONDS,
    RETRY_SECONDS,
    TRUSTED_SECONDS,
    UNKNOWN_KEY_SECONDS,
)
from shared.testing.clock import TurnableClock
from tests.shared.fakes import FakeIssuer

ALICE = DEMO_PEOPLE["alice"].subject
ONE_FETCH = 2  # the discovery document and the keys


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer(TurnableClock())


async def test_a_new_key_of_the_issuer_is_found_when_its_first_token_comes(
    issuer: FakeIssuer,
) -> None:
    verifier = issuer.verifier()
    old = issuer.token()
    await verifier.verify(old)
    issuer.rotate("second")
    issuer.clock.turn(UNKNOWN_KEY_SECONDS)
    assert (await verifier.verify(issuer.token())).subject == ALICE
    assert verifier.remembered(old) is None, "what the withdrawn key signed is forgotten"
    with pytest.raises(NotSignedInError):
        await verifier.verify(old)


async def test_unknown_keys_do_not_make_us_flood_the_issuer(issuer: FakeIssuer) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())
    for number in range(20):
        with pytest.raises(NotSignedInError):
            await verifier.verify(issuer.token(header={"kid": f"unknown-{number}"}))
    assert issuer.asked == ONE_FETCH
    issuer.clock.turn(UNKNOWN_KEY_SECONDS)
    for number in range(20):
        with pytest.raises(NotSignedInError):
            await verifier.verify(issuer.token(header={"kid": f"unknown-{number}"}))
    assert issuer.asked == 2 * ONE_FETCH


async def test_an_issuer_that_is_down_at_start_is_said_and_asked_again(issuer: FakeIssuer) -> None:
    issuer.is_down = True
    verifier = issuer.verifier()
    for _ in range(3):
        with pytest.raises(UnavailableError) as unavailable:
            await verifier.verify(issuer.token())
    assert issuer.asked == 1, "not once for every request"
    assert unavailable.value.fix is not None
    assert "Start the token issuer" in unavailable.value.fix
    assert unavailable.value.retry_after_seconds == RETRY_SECONDS
    issuer.is_down = False
    issuer.clock.turn(RETRY_SECONDS)
    assert (await verifier.verify(issuer.token())).subject == ALICE


async def test_an_issuer_that_goes_down_later_stops_nobody_for_an_hour(issuer: FakeIssuer) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())
    issuer.is_down = True
    issuer.clock.turn(TRUSTED_SECONDS - 1)
    assert (await verifier.verify(issuer.token())).subject == ALICE
    issuer.clock.turn(RETRY_SECONDS)
    with pytest.raises(UnavailableError):
        await verifier.verify(issuer.token())


async def test_a_withdrawn_key_is_noticed_without_any_unknown_one(issuer: FakeIssuer) -> None:
    verifier = issuer.verifier()
    token = issuer.token()
    await verifier.verify(token)
    issuer.rotate("second")
    issuer.clock.turn(REFRESH_SECONDS)
    await verifier.verify(token)  # still by the old keys, while new ones are fetched
    for _ in range(100):  # turns of the loop: the fetch goes on beside us
        await asyncio.sleep(0)
    assert verifier.remembered(token) is None
    with pytest.raises(NotSignedInError):
        await verifier.verify(token)


async def test_many_first_tokens_at_once_ask_the_issuer_once(issuer: FakeIssuer) -> None:
    verifier = issuer.verifier()
    people = [issuer.token_of(person) for person in ("alice", "bob", "carol", "dave")]
    await asyncio.gather(*(verifier.verify(token) for token in people))
    assert issuer.asked == ONE_FETCH


async def test_the_document_of_another_issuer_is_not_believed(issuer: FakeIssuer) -> None:
    issuer.name = "https://other.example"
    with pytest.raises(UnavailableError):
        await issuer.verifier().verify(issuer.token())


async def test_keys_that_cannot_be_read_or_are_too_weak_are_left_out(issuer: FakeIssuer) -> None:
    issuer.published += [
        {"kty": "EC", "crv": "P-256", "kid": "broken", "x": "AA", "y": "AA"},
        {"kty": "RSA", "kid": "weak", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9", "e": "AQAB"},
        {"kty": "OKP", "crv": "X25519", "kid": "agreement", "x": "A" * 43},
        {**issuer.published[0], "kid": "for-encryption", "use": "enc"},
        {**issuer.published[0], "kid": "of-another-kind", "alg": "ES256"},
    ]
    verifier = issuer.verifier()
    assert (await verifier.verify(issuer.token())).subject == ALICE
    for kid in ("broken", "weak", "agreement", "for-encryption", "of-another-kind"):
        with pytest.raises(NotSignedInError):
            await verifier.verify(issuer.token(header={"kid": kid}))
