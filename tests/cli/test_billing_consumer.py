"""The published example opens what Daybook seals, and forgets what Daybook forgot."""

import runpy
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.security.jwe import seal

CONSUMER = Path(__file__).resolve().parents[2] / "docs" / "consumers" / "billing_consumer.py"
EVENT, OTHER_EVENT = UUID(int=1), UUID(int=2)
KEY = bytes(range(32))


def opened(event_id: UUID, status: int = 200) -> Any:  # noqa: ANN401  the script is read, not imported
    """Open the personal fields of EVENT as the script does, with what the key API answers."""
    sealed = seal(b'{"name":"Ada"}', "subject-1", EVENT, AESGCM(KEY))
    jwk = {"kty": "oct", "k": urlsafe_b64encode(KEY).rstrip(b"=").decode(), "kid": "subject-1"}

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/subject-keys/subject-1"
        return httpx.Response(status, json=jwk)

    transport = httpx.MockTransport(answer)
    with httpx.Client(transport=transport, base_url="http://daybook.test") as daybook:
        return runpy.run_path(str(CONSUMER))["open_personal"](sealed, str(event_id), daybook)


def test_another_team_opens_the_personal_fields_with_a_standard_library() -> None:
    assert opened(EVENT) == {"name": "Ada"}


@pytest.mark.parametrize("status", [404, 410])
def test_a_key_that_is_unknown_or_destroyed_means_skip_and_forget(status: int) -> None:
    assert opened(EVENT, status) is None


def test_personal_fields_of_another_event_are_refused() -> None:
    with pytest.raises(ValueError, match="another event"):
        opened(OTHER_EVENT)


def test_a_key_api_that_fails_is_no_reason_to_forget_anybody() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        opened(EVENT, 503)
