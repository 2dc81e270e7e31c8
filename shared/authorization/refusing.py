"""A refused answer becomes an error that says what is missing and who can help."""

from typing import Final

from shared.authorization.codes import Code
from shared.authorization.deciding import Answer
from shared.authorization.permissions import Permission
from shared.authorization.reasons import words
from shared.errors import NotPermittedError, UndecidedError

UNDECIDED: Final = frozenset({Code.STALE, Code.BEHIND, Code.PARKED, Code.ERROR})
"""Refusals that say nothing about the caller: asked again later, the answer may be another."""

_ASK: Final = (
    "Ask for it with POST /v1/requests of the permissions service, or let somebody do it who may."
)
_IN_THE_OWN_NAME: Final = (
    "Leave out `Daybook-Acting-As` and do it in your own name if you may, or let them do it."
)
_AGAIN: Final = "Try again in a moment."

FIXES: Final[dict[Code, str]] = {
    **dict.fromkeys((Code.NO_GRANT, Code.EXPIRED, Code.SENSITIVITY, Code.OUT_OF_SCOPE), _ASK),
    Code.NOT_YET_VALID: "Wait until it begins (POST /v1/explain says when), or ask for it from now"
    " on with POST /v1/requests of the permissions service.",
    Code.CONDITION: "Do it where the condition is met (POST /v1/explain says which it is), or ask"
    " for it with POST /v1/requests of the permissions service.",
    Code.DENIED: "Let somebody do it who may, or have the denial lifted: to request it is of no"
    " use.",
    Code.SEPARATION_OF_DUTIES: "Let somebody else do it who may: to request it is of no use.",
    Code.UNKNOWN_SUBJECT: "Sign in with an account that Daybook knows, or have this one join.",
    Code.INACTIVE_SUBJECT: "Let somebody do it who is there; who is suspended or has left requests"
    " nothing.",
    Code.UNKNOWN_PERMISSION: "Have it defined by a policy file, as `default.yaml` does, and given"
    " to a role.",
    **dict.fromkeys((Code.ACTING_OVER, Code.ABOVE_ACTOR, Code.IN_THE_OWN_NAME), _IN_THE_OWN_NAME),
    **dict.fromkeys(UNDECIDED, _AGAIN),
}
"""Of each refusal what its subject can do; who can help says `reasons`."""


def refuse(permission: Permission, answer: Answer) -> None:
    """Raise what a refused answer means; an allowed one passes.

    Raises:
        NotPermittedError: it may not be done.
        UndecidedError: it cannot be decided now, and therefore is denied.
    """
    if answer[0]:
        return
    refuse_undecided(permission, answer)
    code = answer[1]
    said = words(code)
    raise NotPermittedError(
        f"{said.reason.removesuffix('.')} ({permission}).",
        fix=FIXES[code],
        who_can_help=said.who_can_help,
        permission=permission,
        reason=code,
    )


def refuse_undecided(permission: str, answer: Answer) -> None:
    """Raise what an answer means that says nothing about the caller; any other passes.

    Raises:
        UndecidedError: it cannot be decided now, and therefore is denied.
    """
    if answer[1] not in UNDECIDED:
        return
    said = words(answer[1])
    raise UndecidedError(
        f"{said.reason} Until then {permission} is denied.",
        reason=answer[1],
        fix=FIXES[answer[1]],
        who_can_help=said.who_can_help,
        retry_after_seconds=1,
    )
