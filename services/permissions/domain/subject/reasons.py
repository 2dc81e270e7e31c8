"""Why something is done to somebody, and the ticket about it: sealed with the subject's key."""

from services.permissions.domain.subject.commands import (
    JoinSubject,
    LetSubjectLeave,
    MoveSubject,
    ReinstateSubject,
    SuspendSubject,
)
from services.permissions.domain.subject.events import SubjectReason
from services.permissions.domain.subject.grant_events import GrantReason
from shared.errors import InvalidInputError

Explained = JoinSubject | MoveSubject | SuspendSubject | ReinstateSubject | LetSubjectLeave
"""What happens in somebody's life for a reason, that may be said."""


def reason_of(reason: str | None, ticket: str | None = None) -> GrantReason | None:
    """Return a reason as it is sealed; raises as `said`."""
    given = said(reason, ticket)
    return GrantReason(**given) if given else None


def reason_for(command: Explained) -> SubjectReason | None:
    """Return why this is done, as it is sealed; raises as `said`."""
    given = said(command.reason, command.ticket)
    return SubjectReason(**given) if given else None


def said(reason: str | None, ticket: str | None) -> dict[str, str]:
    """Return what was said of the two, by name.

    Raises:
        InvalidInputError: there is a ticket and no reason.
    """
    if ticket is not None and reason is None:
        raise InvalidInputError(
            "a ticket alone explains nothing once it is gone",
            field="reason",
            fix="say in a few words why, too",
        )
    return {name: one for name, one in (("reason", reason), ("ticket", ticket)) if one is not None}
