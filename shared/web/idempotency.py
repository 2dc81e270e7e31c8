"""An Idempotency-Key becomes something to remember in the transaction of the command."""

import hmac
from hashlib import sha256

from starlette.requests import Request

from shared.eventstore.writing import Remember
from shared.web.callers import Caller
from shared.web.headers import idempotency_key


def remembering(
    request: Request, caller: Caller, body: bytes, secret: bytes, *, status: int, route: str
) -> Remember | None:
    """Return what to remember of this request, or None without an Idempotency-Key.

    The key belongs to (caller, route, key), where whoever acts as somebody else is another caller;
    the request is told apart by an HMAC over its path and body, so that no body can be guessed
    from what is stored.
    """
    key = idempotency_key(request)
    if key is None:
        return None
    whose = (caller.subject,) if caller.actor is None else (caller.subject, caller.actor)
    scope = sha256("\n".join((*whose, route, key)).encode()).digest()
    path: str = request.scope["path"]
    mac = hmac.digest(secret, path.encode() + b"\n" + body, "sha256")
    return Remember(scope, mac, status, None)
