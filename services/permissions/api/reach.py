"""What may be done to one person's rights is decided person by person, on one world."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from shared.authorization.fields import FieldView
from shared.authorization.permissions import Permission
from shared.authorization.questions import Circumstances, Record
from shared.authorization.rights import Rights
from shared.web.callers import Caller, Guard

NO_DEEDS: Final[Mapping[str, tuple[str, ...]]] = {}
"""Nobody did anything yet with what is asked about."""


class Reach:
    """Knows whom a caller reaches; asked anew for each request."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def of(self, caller: Caller) -> "Reached":
        """Return whom the caller reaches now."""
        return Reached(self._guard.rights(caller))


class Reached:
    """Whom one caller reaches; cheap to ask again of the same person."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self._known: dict[tuple[Permission, UUID], bool] = {}

    @property
    def caller(self) -> str:
        """Return the caller's subject id."""
        return self._rights.subject

    @property
    def rights(self) -> Rights:
        """Return all that the caller may do."""
        return self._rights

    def may(self, permission: Permission, subject_id: UUID) -> bool:
        """Say whether the caller may do this with what is this person's."""
        key = (permission, subject_id)
        if key not in self._known:
            rights = _on(self._rights, self.caller, NO_DEEDS)
            self._known[key] = rights.may(permission, self._record(permission, subject_id))
        return self._known[key]

    def sees(self, permission: Permission, subject_id: UUID) -> bool:
        """Do what `may` does, for whoever goes on to say that there is nothing: it is a refusal."""
        rights = _on(self._rights, self.caller, NO_DEEDS)
        return rights.check(permission, self._record(permission, subject_id))[0]

    def require(self, permission: Permission, subject_id: UUID) -> None:
        """Refuse what the caller may not do with what is this person's.

        Raises:
            NotPermittedError: the caller may not.
            UndecidedError: it cannot be decided now.
        """
        rights = _on(self._rights, self.caller, NO_DEEDS)
        rights.require(permission, self._record(permission, subject_id))

    def view(self, permission: Permission, subject_id: UUID) -> FieldView:
        """Return which fields the caller sees of what is this person's; none is no refusal."""
        rights = _on(self._rights, self.caller, NO_DEEDS)
        return rights.look(permission, self._record(permission, subject_id))[1]

    def may_approve(self, subject_id: UUID, asked_by: str, *, who: UUID | None = None) -> bool:
        """Say whether somebody (the caller, unless said) may approve a request for this person."""
        name = self.caller if who is None else str(who)
        deeds = {str(Permission.GRANTS_REQUEST): (asked_by,)}
        rights = _on(self._rights, name, deeds)
        return rights.may(
            Permission.GRANTS_APPROVE, self._record(Permission.GRANTS_APPROVE, subject_id)
        )

    def require_approval(self, subject_id: UUID, asked_by: str) -> None:
        """Refuse a caller who may not approve a request for this person (raises as `require`)."""
        deeds = {str(Permission.GRANTS_REQUEST): (asked_by,)}
        record = self._record(Permission.GRANTS_APPROVE, subject_id)
        _on(self._rights, self.caller, deeds).require(Permission.GRANTS_APPROVE, record)

    def note_refusal(self, permission: Permission, record: Record) -> None:
        """Put on record what was refused to the caller elsewhere, if it is refused here as well.

        It is not where a file itself brings somebody out of reach, or where a change of rights is
        not known here yet: of those there is no decision that could be asked again.
        """
        rights = _on(self._rights, self.caller, NO_DEEDS)
        answer = Rights(rights.basis, self.caller, rights.around).check(permission, record)
        if not answer[0] and rights.noted is not None:
            rights.noted((rights, permission, record, answer))

    def _record(self, permission: Permission, subject_id: UUID) -> Record:
        name = str(subject_id)
        return self._rights.record(permission.partition(":")[0], name, name)


def _on(rights: Rights, subject: str, deeds: Mapping[str, tuple[str, ...]]) -> Rights:
    # What somebody else could do is only looked at: they asked for nothing.
    is_own = subject == rights.subject
    noted, actor = (rights.noted, rights.around.actor) if is_own else (None, None)
    return Rights(rights.basis, subject, Circumstances(actor=actor, deeds=deeds), noted)
