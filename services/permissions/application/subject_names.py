"""How other programs call people and service accounts: by id, identifier, user name or e-mail.

It holds what is personal, so it lives in the permissions service alone, beside the book it follows.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from services.permissions.domain.subject.events import (
    SubjectDescribed,
    SubjectErased,
    SubjectJoined,
)
from services.permissions.domain.subject.state import Subject
from shared.events import Event

RENAMING: Final = (SubjectJoined, SubjectDescribed, SubjectErased)
_IDENTIFIER, _USER_NAME, _EMAIL = range(3)


class SubjectNames:
    """Which subject a name means; the book tells it whenever somebody is called otherwise."""

    def __init__(self) -> None:
        self._subjects: dict[str, Subject] = {}
        self._by_name: dict[str, dict[str, int]] = {}

    def follow(self, subject_id: UUID, subject: Subject, event: Event) -> None:
        """Take in what somebody is called after this event."""
        if not isinstance(event, RENAMING):
            return
        key = str(subject_id)
        was = self._subjects.get(key)
        for name, _ in () if was is None else _names_of(was):
            self._by_name.get(name, {}).pop(key, None)
        for name, kind in _names_of(subject):
            its = self._by_name.setdefault(name, {})
            its[key] = min(kind, its.get(key, kind))
        self._subjects[key] = subject

    def id_of(self, name: str) -> str | None:
        """Return the id of the subject with this id, identifier, user name or e-mail address.

        An identifier goes before a user name, and that before an address. None: nobody, or a name
        that means several.
        """
        if name in self._subjects:
            return name
        meant = self._by_name.get(name)
        if not meant:
            return None
        nearest = min(meant.values())
        those = [key for key, kind in meant.items() if kind == nearest]
        return those[0] if len(those) == 1 else None

    def name_of(self, subject: str) -> str:
        """Return the name by which programs know a subject: its first identifier, else its id."""
        known = self._subjects.get(subject)
        return known.identifiers[0] if known is not None and known.identifiers else subject

    def shown(self, subject: str) -> str | None:
        """Return what people call a subject; None: it has no name, or was erased."""
        known = self._subjects.get(subject)
        return None if known is None else known.display_name or known.user_name

    def described(self, subject: str) -> Mapping[str, object]:
        """Return the personal attributes that conditions may ask for: email, emails, user_name."""
        known = self._subjects.get(subject)
        if known is None:
            return {}
        told: dict[str, object] = {}
        if known.user_name is not None:
            told["user_name"] = known.user_name
        if known.emails:
            told |= {"email": known.emails[0], "emails": list(known.emails)}
        return told


def _names_of(subject: Subject) -> Iterator[tuple[str, int]]:
    yield from ((name, _IDENTIFIER) for name in subject.identifiers)
    if subject.user_name is not None:
        yield subject.user_name, _USER_NAME
    yield from ((name, _EMAIL) for name in subject.emails)
