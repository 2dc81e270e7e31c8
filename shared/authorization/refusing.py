"""A refused answer becomes an error that says what is missing and who can help."""

from typing import Final

from shared.authorization.codes import Code
from shared.authorization.deciding import Answer
from shared.authorization.permissions import Permission
from shared.authorization.reasons import words
from shared.errors import NotPermittedError, UndecidedError

UNDECIDED: Final = frozenset({Code.STALE, Code.BEHIND, Code.PARKED, Code.ERROR})
"""Refusals that say nothing about the caller: asked again later, the answer may be another."""

ACTING: Final = frozenset({Code.ACTING_OVER, Code.ABOVE_ACTOR, Code.IN_THE_OWN_NAME})
"""Refusals of whoever acts as somebody else, whatever that person may."""
_ASK: Final = (
    "Ask for it with POST /v1/requests of the permissions service, or let somebody do it who may."
)
_IN_THE_OWN_NAME: Final = (
    "Leave out `Daybook-Acting-As` and do it in your own name if you may, or let them do it."
)


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
        fix=_IN_THE_OWN_NAME if code in ACTING else _ASK,
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
        fix="Try again in a moment.",
        who_can_help=said.who_can_help,
        retry_after_seconds=1,
    )
