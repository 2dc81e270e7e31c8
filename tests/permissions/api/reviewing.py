"""What the stories of access reviews ask over HTTP, and how an outsider checks a report."""

from base64 import urlsafe_b64encode
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import OKPKey

from shared.security.tokens import SIGNATURES
from tests.customers.api.asking import read
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS


async def get(desk: Desk, who: str, path: str = "", **asked: Any) -> httpx.Response:  # noqa: ANN401
    return await desk.client(who).get(f"/v1/reviews{path}", params=asked)


async def post(
    desk: Desk,
    who: str,
    path: str,
    version: int | None = None,
    **said: Any,  # noqa: ANN401
) -> httpx.Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return await desk.client(who).post(f"/v1/reviews{path}", json=said, headers=headers)


def decided(number: int, decision: str, **less: str) -> dict[str, Any]:
    return {"number": number, "decision": decision, "reason": "as looked at", **less}


async def roles_of(desk: Desk, name: str) -> list[str]:
    answer = await desk.client("erin").get(f"/v1/subjects/{IDS[name]}")
    return [grant["role"] for grant in read(answer)["grants"] if "role" in grant]


def assert_signed(answer: httpx.Response, key: dict[str, Any]) -> None:
    """Check as an outsider does: with the bytes, the header and the public key."""
    head, payload, signature = answer.headers["Daybook-Signature"].split(".")
    assert payload == ""
    whole = f"{head}.{base64url(answer.content)}.{signature}"
    found = jws.deserialize_compact(whole, OKPKey.import_key(key), registry=SIGNATURES)
    assert found.payload == answer.content


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
