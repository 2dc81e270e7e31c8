"""Who gains and who loses what by a change is told person by person, by permission."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from services.permissions.domain.book import Book
from services.permissions.domain.rights import Right
from services.permissions.domain.what_if import SubjectChange

LARGEST_FILE: Final = 250_000
"""Characters of a policy file over HTTP."""


class ChangeView(BaseModel):
    """What one subject gains and loses of one permission, each as scope/clearance and limits."""

    subject_id: UUID
    user_name: str | None
    permission: str
    gained: list[str]
    lost: list[str]


def changes_told(changes: Sequence[SubjectChange], after: Book) -> list[dict[str, Any]]:
    """Return what each subject gains and loses, with the names that the book has."""
    return [
        {
            "subject_id": str(change.subject_id),
            "user_name": after.subject(change.subject_id).user_name,
            "permission": one.permission,
            "gained": [_right(right) for right in one.gained],
            "lost": [_right(right) for right in one.lost],
        }
        for change in changes
        for one in change.differences
    ]


def _right(right: Right) -> str:
    limits = [
        "" if right.starts is None else f"from {right.starts.isoformat()}",
        "" if right.until is None else f"until {right.until.isoformat()}",
        "" if right.records is None else f"{len(right.records)} records",
        "" if not right.conditions else "under a condition",
    ]
    told = ", ".join(limit for limit in limits if limit)
    return f"{right.scope.value}/{right.clearance.value}" + (f" ({told})" if told else "")
