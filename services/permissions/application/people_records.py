"""Records that are about a person are theirs, as the routes have it: grants, requests, findings.

Each is called by the id of the person; a grant or a request also by its own.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from services.permissions.application.policy_book import PolicyBook
from shared.authorization.permissions import Permission

GRANT: Final = "grant"
ASKING, AGREEING = Permission.GRANTS_REQUEST.value, Permission.GRANTS_APPROVE.value
PEOPLES: Final = frozenset({"explanation", "finding", GRANT, "leaver", "review", "sod", "subject"})
"""The types of records that are about a person."""
Deeds = Mapping[str, Sequence[str]]
"""Permission → who has used it on a record."""
NO_DEEDS: Final[Deeds] = {}


class Grants(Protocol):
    """Whose grants and requests there are, and who asked for what is not decided yet."""

    def person_of(self, grant: str) -> str | None:
        """Return whose a grant or a request is; None: there is none of this id."""
        ...

    def asked_by(self, record: str) -> Sequence[str]:
        """Return who made a request, or every request that waits for a person."""
        ...


class BookGrants:
    """Those that the book has now."""

    def __init__(self, book: PolicyBook) -> None:
        self._book = book

    def person_of(self, grant: str) -> str | None:
        """Return whose a grant or a request is; None: there is none of this id."""
        person = self._book.grant_holders.get(_id(grant))
        return None if person is None else str(person)

    def asked_by(self, record: str) -> Sequence[str]:
        """Return who made a request, or every request that waits for a person."""
        its, subjects = _id(record), self._book.book.subjects
        person = self._book.grant_holders.get(its)
        if person is not None:
            request = subjects[person].requests.get(its)
            return () if request is None else (request.asked_by,)
        subject = subjects.get(its)
        return () if subject is None else [one.asked_by for one in subject.requests.values()]


def _id(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        return UUID(int=0)
