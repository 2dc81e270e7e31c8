"""The error tree: each error knows its HTTP status, its code, its fix and who can help.

DaybookError
├── InvalidInputError          422  a body, query or header that cannot be read
│   ├── BadRequestError        400  the same, where a public protocol answers it so
│   └── SeveralFieldsError     422  the same, with every field that is wrong
├── NotSignedInError           401  no token, or one that does not hold
├── NotPermittedError          403  signed in, and not allowed
├── NotFoundError              404  nothing there, or nothing you may see
├── RuleBrokenError            409  the business says no
├── TokenOfEarlierEpochError   409  a Daybook-Token from before a restore
├── GoneError                  410  existed, and was destroyed for good
├── VersionConflictError       412  somebody changed it since you read it
├── EventTooLargeError         413  an event over 60,000 bytes
├── VersionRequiredError       428  a change without If-Match
├── TooManyRequestsError       429  one account asks more often than it may
├── NotYetError                503  the read model has not reached your token
├── UnavailableError           503  a server that we need does not answer
│   ├── UndecidedError         503  who may do what is not known well enough: denied
│   └── DiskFullError          503  its disk is full, to the last byte
└── DiskNearlyFullError        507  too little room is left to write anything
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

YOURSELF: Final = "nobody else is needed: you can mend this yourself"
"""Who can help where the fix takes nothing that the caller may not do."""


class DaybookError(Exception):
    """Something that can be told to the caller: what, which field, how to mend it, who can help."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        fix: str | None = None,
        who_can_help: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problem_code = code or self.code
        self.field = field
        self.fix = fix
        self.who_can_help = who_can_help
        self.retry_after_seconds = retry_after_seconds


class InvalidInputError(DaybookError):
    """A body, query or header that cannot be read as what it should be."""

    status = 422
    code = "invalid-input"
    title = "Something in the request cannot be read"


class BadRequestError(InvalidInputError):
    """Something sent cannot be read, where a public protocol (AuthZEN) wants 400 for it."""

    status = 400
    code = "bad-request"


@dataclass(frozen=True, slots=True)
class WrongField:
    """One thing that is wrong with what was sent, and how to mend it; never the value itself."""

    field: str
    problem: str
    fix: str


class SeveralFieldsError(InvalidInputError):
    """Something sent cannot be read; every field that is wrong is listed."""

    def __init__(self, errors: Sequence[WrongField]) -> None:
        first = errors[0]
        more = f" (and {len(errors) - 1} more, see errors)" if len(errors) > 1 else ""
        super().__init__(f"{first.field} {first.problem}{more}.", field=first.field, fix=first.fix)
        self.errors = errors


class NotSignedInError(DaybookError):
    """No token, or a token that does not hold."""

    status = 401
    code = "not-signed-in"
    title = "Sign in first"


class NotPermittedError(DaybookError):
    """Signed in, and not allowed.

    Args:
        permission: what is missing: the one to ask for.
        reason: the code of the decision, for example no_grant.
    """

    status = 403
    code = "not-permitted"
    title = "You may not do this"

    def __init__(
        self,
        detail: str,
        *,
        permission: str | None = None,
        reason: str | None = None,
        **more: str | None,
    ) -> None:
        super().__init__(detail, **more)  # type: ignore[arg-type]
        self.permission = permission
        self.reason = reason


class NotFoundError(DaybookError):
    """Nothing there, or nothing that this caller may see."""

    status = 404
    code = "not-found"
    title = "There is nothing here"


class RuleBrokenError(DaybookError):
    """A business rule says no; asking again changes nothing, so it always says who can help."""

    status = 409
    code = "rule-broken"
    title = "A business rule says no"

    def __init__(
        self,
        detail: str,
        *,
        fix: str,
        who_can_help: str,
        code: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(detail, code=code, field=field, fix=fix, who_can_help=who_can_help)


class TokenOfEarlierEpochError(DaybookError):
    """A Daybook-Token made before the store was restored; it is never waited for."""

    status = 409
    code = "token-of-earlier-epoch"
    title = "This token is from before a restore"


class GoneError(DaybookError):
    """Existed once and was destroyed for good."""

    status = 410
    code = "gone"
    title = "This was destroyed for good"


class VersionConflictError(DaybookError):
    """Somebody changed the thing since the caller read it; nothing was written."""

    status = 412
    code = "version-conflict"
    title = "Somebody changed this since you read it"

    def __init__(
        self,
        detail: str,
        *,
        current_version: int | None = None,
        conflicts: Sequence[Mapping[str, Any]] | None = None,
        **more: str,
    ) -> None:
        super().__init__(detail, **more)  # type: ignore[arg-type]
        self.current_version = current_version
        self.conflicts = conflicts
        """Field by field: `field`, `read` (what was read), `now`, `yours` (what was asked for)."""


class EventTooLargeError(DaybookError):
    """An event over 60,000 bytes; refused before anything was written."""

    status = 413
    code = "event-too-large"
    title = "This is more than one event can hold"


class VersionRequiredError(DaybookError):
    """A change to an existing thing without saying which version was read."""

    status = 428
    code = "version-required"
    title = "Say which version you read"


class TooManyRequestsError(DaybookError):
    """The caller asks more often than one account may."""

    status = 429
    code = "too-many-requests"
    title = "This account asks too often"


class NotYetError(DaybookError):
    """The read model has not reached the caller's token within the bound the caller chose."""

    status = 503
    code = "not-yet"
    title = "The read model is not there yet"


class UnavailableError(DaybookError):
    """A server that this answer needs does not answer; nothing was lost."""

    status = 503
    code = "unavailable"
    title = "A part that this needs does not answer"


class UndecidedError(UnavailableError):
    """What is known of permissions does not decide this now; until it does, it is denied.

    Args:
        reason: the code of the decision, for example stale.
    """

    code = "undecided"
    title = "Whether you may do this cannot be decided now"

    def __init__(self, detail: str, *, reason: str, **more: Any) -> None:  # noqa: ANN401
        super().__init__(detail, **more)
        self.reason = reason


class DiskFullError(UnavailableError):
    """The disk of a server that this answer needs is full; what is stored is safe."""

    code = "disk-full"
    title = "No room is left to write anything"


class DiskNearlyFullError(DaybookError):
    """Too little room is left to write anything; nothing was written, and reading goes on."""

    status = 507
    code = "disk-nearly-full"
    title = "There is too little room to write"
