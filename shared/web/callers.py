"""Nobody reaches a route's handler who is not signed in and permitted."""

from dataclasses import dataclass, field

from starlette.types import Scope

from shared.authorization.acting import acting_in_force
from shared.authorization.codes import Code
from shared.authorization.permissions import Permission
from shared.authorization.questions import PLAINLY, Circumstances
from shared.authorization.reasons import words
from shared.authorization.rights import Decisions, Noted, Rights
from shared.errors import NotPermittedError, NotSignedInError, UndecidedError
from shared.eventstore.tokens import parse_token
from shared.observability.acting import ActingAs, act_as
from shared.security.tokens import TokenVerifier
from shared.web.limits import RequestLimits

_SCHEME = "bearer"
_SEEN = b"daybook-token"
_ACTING = b"daybook-acting-as"
_IT = "permissions"
_HOW_TO_SIGN_IN = (
    "Send `Authorization: Bearer TOKEN` (on one machine, `daybook token alice` prints a token)."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, signed in; a handler gets one who may do what its route declares."""

    subject: str
    """In whose name: who is signed in, unless they act as somebody else."""
    notes: list[Noted] = field(default_factory=list, compare=False, repr=False)
    """What was decided for this request and is not written down yet."""
    actor: str | None = None
    """Who is signed in and acts as the subject; None: the subject."""

    @property
    def accountable(self) -> str:
        """Return who is signed in: whose doing it is, in whoever's name."""
        return self.actor or self.subject


class Guard:
    """Stands before every route: first who you are (401), then whether you may (403)."""

    def __init__(
        self, verifier: TokenVerifier, decisions: Decisions, limits: RequestLimits | None = None
    ) -> None:
        self._verifier = verifier
        self.decisions = decisions
        self._limits = limits

    async def identify(self, scope: Scope) -> Caller:
        """Return who asks; nothing is permitted yet.

        Raises:
            NotSignedInError: no token, or one that does not hold.
            TooManyRequestsError: this caller asks too often.
            UndecidedError: the caller has seen a change of permissions that is not known here yet.
        """
        token = _bearer_token(scope)
        principal = self._verifier.remembered(token) or await self._verifier.verify(token)
        if self._limits is not None:
            self._limits.take(principal.subject)
        await self._refuse_if_behind(scope)
        return Caller(principal.subject)

    def acting(self, scope: Scope, caller: Caller) -> Caller:
        """Return the caller as whom they act, if they send `Daybook-Acting-As`; else the same.

        Raises:
            NotPermittedError: by that id they act as nobody now, as far as is known here.
        """
        given = [value for name, value in scope["headers"] if name == _ACTING]
        if not given:
            return caller
        its = self.decisions.basis()
        mine = its.world.subjects.get(caller.subject)
        named = given[0].decode("latin-1").strip()
        found = acting_in_force(mine, named, its.now) if len(given) == 1 else None
        if found is None:
            raise NotPermittedError(
                "You do not act as somebody else by this id, or not any more.",
                code="acting-not-in-force",
                field="Daybook-Acting-As",
                fix="Begin with POST /v1/acting of the permissions service, and send its acting_id"
                " here with its Daybook-Token; without this header you act for yourself.",
                who_can_help="Whoever has the permission subject:act_as.",
            )
        act_as(ActingAs(caller.subject, found.target))
        return Caller(found.target, actor=caller.subject)

    def rights(self, caller: Caller) -> Rights:
        """Return what the caller may do now; take it anew for whatever comes later."""
        around = PLAINLY if caller.actor is None else Circumstances(actor=caller.actor)
        return Rights(self.decisions.basis(), caller.subject, around, caller.notes.append)

    def require(self, caller: Caller, permission: Permission, *, everywhere: bool = False) -> None:
        """Refuse whoever may not do this to any record at all, or not to every one.

        Raises:
            NotPermittedError: the caller may not.
            UndecidedError: it cannot be decided now, and therefore is denied.
        """
        rights = self.rights(caller)
        rights.require(permission)
        if everywhere:
            rights.require_everywhere(permission)

    def may(self, caller: Caller, permission: Permission) -> bool:
        """Say whether the caller may also do something else, for a route that shows more then."""
        return self.rights(caller).may(permission)

    async def _refuse_if_behind(self, scope: Scope) -> None:
        given = [value for name, value in scope["headers"] if name == _SEEN]
        if not given:
            return
        seen = [
            one for one in parse_token(b",".join(given).decode("latin-1")) if one.service == _IT
        ]
        if seen and not await self.decisions.has_reached(seen):
            said = words(Code.BEHIND)
            raise UndecidedError(
                said.reason,
                reason=Code.BEHIND,
                fix="Try again in a moment.",
                who_can_help=said.who_can_help,
                retry_after_seconds=1,
            )


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
