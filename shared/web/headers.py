"""Request headers mean what their RFC says, and one that cannot be read is said, not guessed."""

import re
from collections.abc import Iterable

from starlette.requests import Request

from shared.errors import InvalidInputError

DEFAULT_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
_WAIT = re.compile(r"\s*wait\s*(?:=\s*\"?([^\";]*)\"?\s*)?(?:;.*)?", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,6}(?:\.\d{1,3})?")
_VISIBLE = re.compile(r"[!-~]{1,200}")
_REQUEST_ID = b"x-request-id"
_PLAIN = re.compile(rb"[!-~]{1,200}")
_OPAQUE = re.compile(r"[A-Za-z0-9_.:=+/-]+")

Headers = Iterable[tuple[bytes, bytes]]
"""As a request has them: names in small letters."""


def given_request_id(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return the header by which the caller numbers a request, to be sent back; empty if none."""
    return [one for one in headers if one[0] == _REQUEST_ID and _PLAIN.fullmatch(one[1])][:1]


def request_id_in(headers: Headers) -> str | None:
    """Return the caller's id of a request as it may be written down; None: none, or any text."""
    for _, given in given_request_id(headers):
        told = given.decode("ascii")
        return told if _OPAQUE.fullmatch(told) else None
    return None


def waiting_seconds(request: Request) -> float:
    """Return how long the caller lets a read wait (`Prefer: wait=5`): 1 s unless said, 30 at most.

    Other preferences are not ours and are ignored, as RFC 7240 asks.
    """
    for preference in ",".join(request.headers.getlist("prefer")).split(","):
        found = _WAIT.fullmatch(preference)
        if found is None:
            continue
        seconds = (found[1] or "").strip()
        if _SECONDS.fullmatch(seconds) is None:
            raise InvalidInputError(
                "The time to wait is not a number of seconds.",
                field="Prefer",
                fix="Send for example `Prefer: wait=5`.",
            )
        return min(float(seconds), LONGEST_WAIT_SECONDS)
    return DEFAULT_WAIT_SECONDS


def idempotency_key(request: Request) -> str | None:
    """Return the caller's Idempotency-Key, without the quotation marks of a structured field."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    key = given[0]
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(given) > 1 or _VISIBLE.fullmatch(key) is None:
        raise InvalidInputError(
            "The Idempotency-Key is not one key.",
            field="Idempotency-Key",
            fix="Send 1 to 200 visible ASCII characters without spaces, for example a UUID.",
        )
    return key
