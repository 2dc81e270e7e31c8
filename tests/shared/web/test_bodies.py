"""A body is read once, never past its limit, and becomes a model or a list of what to mend."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from shared.web.bodies import LARGEST_BODY_BYTES, read_body
from tests.shared.web.stage import Stage

CUSTOMERS = "/v1/customers"
JSON = {"Content-Type": "application/json"}
ADA = {"kind": "person", "name": "Ada"}
PRIVATE = "ada.lovelace"


async def refused(stage: Stage, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's
    answer = await stage.ask("alice", "POST", CUSTOMERS, **request)
    assert answer.status_code in {413, 422}
    body: dict[str, Any] = answer.json()
    assert body["fix"]
    assert PRIVATE not in answer.text
    return body


@pytest.mark.parametrize(
    ("change", "field", "problem", "fix"),
    [
        ({"name": None}, "name", "must be text", "Send it in quotation marks."),
        ({"name": ""}, "name", "is too short", "Send at least 1 character(s)."),
        ({"name": "  "}, "name", "is too short", "Send at least 1 character(s)."),
        ({"name": PRIVATE * 2}, "name", "is too long", "Send at most 20 characters."),
        ({"name": "Ada\nBob"}, "name", "holds a control character", "Remove line breaks"),
        ({"name": "Ada\x00"}, "name", "holds a control character", "Remove line breaks"),
        ({"kind": PRIVATE}, "kind", "is not one of", "Send 'person' or 'organisation'."),
        ({"emails": PRIVATE}, "emails", "must be a list", "Send a JSON list"),
        ({"emails": ["a@example.org", PRIVATE]}, "emails[1]", "is not an e-mail address", "Write"),
        ({"emails": ["a@b.org"] * 3}, "emails", "has too many items", "Send at most 2."),
        ({"nam": PRIVATE}, "nam", "is not known here", "Remove it, or write name. Known: kind,"),
        ({"xyz": PRIVATE}, "xyz", "is not known here", "Remove it. Known: kind, name, emails."),
    ],
)
async def test_a_field_that_is_wrong_is_named_with_its_fix(
    stage: Stage, change: dict[str, Any], field: str, problem: str, fix: str
) -> None:
    body = await refused(stage, json=ADA | change)
    (error,) = body["errors"]
    assert error["field"] == body["field"] == field
    assert error["problem"].startswith(problem)
    assert error["fix"].startswith(fix)
    assert body["detail"].startswith(f"{field} {problem}")


async def test_a_member_that_is_missing_is_named(stage: Stage) -> None:
    body = await refused(stage, json={"kind": "person"})
    assert body["detail"] == "name is missing."


async def test_every_field_that_is_wrong_is_listed_at_once(stage: Stage) -> None:
    body = await refused(stage, json={"kind": PRIVATE, "nam": PRIVATE})
    assert [error["field"] for error in body["errors"]] == ["kind", "name", "nam"]
    assert body["detail"].endswith("(and 2 more, see errors).")


@pytest.mark.parametrize(
    "raw", [b"{", b"Ada", b'{"name": "\xff"}', b'{"name": "\\ud800"}', b"[1", PRIVATE.encode()]
)
async def test_what_is_no_json_is_said_with_its_place(stage: Stage, raw: bytes) -> None:
    body = await refused(stage, content=raw, headers=JSON)
    assert body["field"] == "body"
    assert body["detail"].startswith("body is not JSON: ")


@pytest.mark.parametrize("raw", [b"[]", b'"Ada"', b"7", b"null"])
async def test_json_that_is_no_object_is_said(stage: Stage, raw: bytes) -> None:
    assert (await refused(stage, content=raw, headers=JSON))["field"] == "body"


async def test_an_empty_body_is_said(stage: Stage) -> None:
    body = await refused(stage, headers=JSON)
    assert body["detail"] == "The body is empty."


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_must_say_that_it_is_json(stage: Stage, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    body = await refused(stage, content=b"{}", headers=headers)
    assert body["type"] == "/problems/wrong-content-type"
    assert body["field"] == "Content-Type"


async def test_json_may_name_its_encoding(stage: Stage) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    raw = b'{"kind": "person", "name": "Ada"}'
    answer = await stage.ask("alice", "POST", CUSTOMERS, content=raw, headers=headers)
    assert answer.status_code == 201


async def test_a_body_that_says_it_is_too_large_is_not_read(stage: Stage) -> None:
    body = await refused(stage, content=b"x" * (LARGEST_BODY_BYTES + 1), headers=JSON)
    assert body["type"] == "/problems/body-too-large"
    assert body["title"] == "This body is too large"


async def test_a_body_that_does_not_say_is_cut_off_at_the_limit(stage: Stage) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65_536

    body = await refused(stage, content=endless(), headers=JSON)
    assert body["status"] == 413
    assert sent <= 6


def a_request(messages: list[Message]) -> Request:
    async def receive() -> Message:
        return messages.pop(0)

    headers = [(b"content-type", b"application/json")]
    return Request({"type": "http", "headers": headers}, receive)


async def test_a_body_in_pieces_is_put_together() -> None:
    pieces: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.request", "body": b"", "more_body": True},
        {"type": "http.request", "body": b"}"},
    ]
    assert await read_body(a_request(pieces)) == b"{}"


@pytest.mark.parametrize("before", [0, 1])
async def test_a_body_whose_sender_goes_is_none(before: int) -> None:
    piece: Message = {"type": "http.request", "body": b"{", "more_body": True}
    with pytest.raises(ClientDisconnect):
        await read_body(a_request([piece] * before + [{"type": "http.disconnect"}]))
