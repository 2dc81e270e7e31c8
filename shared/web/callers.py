"""Nobody reaches a route's handler who is not signed in and permitted."""

from dataclasses import dataclass

from starlette.types import Scope

from shared.authorization.decisions import Decisions
from shared.authorization.permissions import Permission
from shared.errors import NotPermittedError, NotSignedInError
from shared.security.tokens import TokenVerifier
from shared.web.limits import RequestLimits

_SCHEME = "bearer"
_HOW_TO_SIGN_IN = (
    "Send `Authorization: Bearer TOKEN` (on one machine, `daybook token alice` prints a token)."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, signed in; a handler gets one who may do what its route declares."""

    subject: str


class Guard:
    """Stands before every route: first who you are (401), then whether you may (403)."""

    def __init__(
        self, verifier: TokenVerifier, decisions: Decisions, limits: RequestLimits | None = None
    ) -> None:
        self._verifier = verifier
        self._decisions = decisions
        self._limits = limits

    async def identify(self, scope: Scope) -> Caller:
        """Return who asks; nothing is permitted yet.

        Raises:
            NotSignedInError: no token, or one that does not hold.
            TooManyRequestsError: this caller asks too often.
        """
        token = _bearer_token(scope)
        principal = self._verifier.remembered(token) or await self._verifier.verify(token)
        if self._limits is not None:
            self._limits.take(principal.subject)
        return Caller(principal.subject)

    def require(self, caller: Caller, permission: Permission) -> None:
        """Raise NotPermittedError unless the caller may do this."""
        decision = self._decisions.check(caller.subject, permission)
        if not decision.allowed:
            raise NotPermittedError(
                decision.reason,
                fix="Ask somebody who can help, or use what your role permits.",
                who_can_help=decision.who_can_help,
            )

    def may(self, caller: Caller, permission: Permission) -> bool:
        """Say whether the caller may also do something else, for a route that shows more then."""
        return self._decisions.check(caller.subject, permission).allowed


def _bearer_token(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        raise NotSignedInError(
            "This needs to know who you are.", field="Authorization", fix=_HOW_TO_SIGN_IN
        )
    header: str = given[0].decode("latin-1")
    scheme, _, token = header.partition(" ")
    if len(given) > 1 or scheme.lower() != _SCHEME or not token or not token.isascii():
        raise NotSignedInError(
            "The Authorization header does not hold one bearer token.",
            field="Authorization",
            fix=_HOW_TO_SIGN_IN,
        )
    return token.strip()
