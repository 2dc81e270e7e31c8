"""The answers of the permissions service about people, grants and requests."""

from datetime import datetime

from cli.answers import Answer


class Subject(Answer):
    """A person or service account."""

    id: str
    user_name: str | None = None
    display_name: str | None = None
    life: str = ""
    version: int


class SubjectPage(Answer):
    """Some of them."""

    items: list[Subject]


class Terms(Answer):
    """A role or a permission, how far and when."""

    id: str = ""
    subject_id: str = ""
    state: str = ""
    role: str | None = None
    permission: str | None = None
    effect: str = "allow"
    scope: str | None = None
    clearance: str | None = None
    records: list[str] | None = None
    until: datetime | None = None
    hours: float | None = None


class Given(Terms):
    """A grant, and who has it, by name if you may see it."""

    display_name: str | None = None
    user_name: str | None = None


class GrantPage(Answer):
    """Some grants."""

    items: list[Given]
    next_page_token: str | None = None


class Approver(Answer):
    """Somebody who can approve."""

    id: str
    display_name: str | None = None


class Nobody(Answer):
    """Why nobody can approve a request now, what mends that, and who can."""

    why: str
    fix: str
    who_can_help: str


class Asked(Answer):
    """What was asked for, and who can approve it, or why nobody can."""

    grant_id: str
    approvers: tuple[Approver, ...] = ()
    nobody: Nobody | None = None


class Requested(Terms):
    """A request, and what became of it."""

    display_name: str | None = None
    reason: str | None = None
    approvers: list[Approver] | None = None
    nobody: Nobody | None = None


class RequestPage(Answer):
    """Some requests."""

    items: list[Requested]
    next_page_token: str | None = None


class Done(Answer):
    """What was done to whom."""

    subject_id: str = ""
    grant_id: str
    version: int
