"""Which decisions are alike, so that many of them are told as a number."""

from typing import Final, NamedTuple

from shared.authorization.noting import UNDEFINED, kind_of, permission_told, record_told
from shared.authorization.rights import Noted

ANYBODY: Final = "*"


class Alike(NamedTuple):
    """What decisions have in common that are counted together."""

    subject: str
    kind: str | None
    actor: str | None
    permission: str
    resource_type: str | None
    is_allowed: bool
    code: str
    asked_by: str | None = None
    is_search: bool = False
    operation: str | None = None

    @property
    def about_anybody(self) -> "Alike":
        """Return what it has in common with the same about others."""
        return self._replace(subject=ANYBODY, kind=None)


def alike_of(noted: Noted, operation: str | None) -> Alike:
    """Return what a decision has in common with those like it, whatever record each is of."""
    rights, permission, record, (is_allowed, code, *_) = noted
    return Alike(
        rights.subject,
        kind_of(rights.basis.world, rights.subject),
        rights.around.actor,
        told := permission_told(rights.basis.world, permission),
        None if record is None or told == UNDEFINED else record.type,
        is_allowed,
        code.value,
        rights.asked_by,
        operation=operation,
    )


def record_of(noted: Noted) -> str | None:
    """Return the id of the record that a decision is of; None: of none that may be told."""
    rights, permission, record, _ = noted
    if record is None or permission_told(rights.basis.world, permission) == UNDEFINED:
        return None
    return record_told(record) or None
