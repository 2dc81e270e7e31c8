"""What somebody may ask about before it is done: commands, or a policy file."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator
from uuid6 import uuid7

from services.permissions.api.changes_told import LARGEST_FILE
from services.permissions.api.grant_bodies import TermsBody
from services.permissions.api.policy_bodies import AllowanceBody, Name
from services.permissions.api.subject_bodies import MoveBody
from services.permissions.domain.book import Asked, Book, OnPolicy, OnSubject
from services.permissions.domain.policy.commands import (
    AddRoleParent,
    RemoveRoleParent,
    RetireRole,
    SetRolePermission,
)
from services.permissions.domain.subject.commands import (
    GiveGrant,
    LetSubjectLeave,
    MoveSubject,
    ReinstateSubject,
    RevokeGrant,
    SubjectCommand,
    SuspendSubject,
)
from shared.given import Given, field_error

LIVES: Final[Mapping[str, SubjectCommand]] = {
    "suspend": SuspendSubject(), "reinstate": ReinstateSubject(), "leave": LetSubjectLeave(),
}  # fmt: skip


class GiveWhat(TermsBody):
    """If somebody were given this."""

    do: Literal["give_grant"]
    subject_id: UUID

    def asked(self, _book: Book) -> Asked:
        """Return the command."""
        return OnSubject(self.subject_id, GiveGrant(uuid7(), self.terms()))


class RevokeWhat(Given):
    """If a grant ended."""

    do: Literal["revoke_grant"]
    subject_id: UUID
    grant_id: UUID

    def asked(self, _book: Book) -> Asked:
        """Return the command."""
        return OnSubject(self.subject_id, RevokeGrant(self.grant_id))


class LiveWhat(Given):
    """If somebody were suspended or reinstated, or left."""

    do: Literal["suspend", "reinstate", "leave"]
    subject_id: UUID

    def asked(self, _book: Book) -> Asked:
        """Return the command."""
        return OnSubject(self.subject_id, LIVES[self.do])


class MoveWhat(MoveBody):
    """If somebody moved; who reaches whom by it is not told, only what their rights say."""

    do: Literal["move"]
    subject_id: UUID

    def asked(self, book: Book) -> Asked:
        """Return the command."""
        return OnSubject(
            self.subject_id, MoveSubject(self.place(book.subject(self.subject_id).place))
        )


class AllowWhat(Given):
    """If a role had a permission exactly so far; an empty list: not at all."""

    do: Literal["set_role_permission"]
    role: Name
    permission: Name
    allowances: Annotated[list[AllowanceBody], Field(max_length=50)]

    def asked(self, _book: Book) -> Asked:
        """Return the command."""
        allowances = tuple(one.allowance() for one in self.allowances)
        return OnPolicy(SetRolePermission(self.role, self.permission, allowances))


class ParentWhat(Given):
    """If a role had, or had no longer, what another one has."""

    do: Literal["add_role_parent", "remove_role_parent"]
    role: Name
    parent: Name

    def asked(self, _book: Book) -> Asked:
        """Return the command."""
        kind = AddRoleParent if self.do == "add_role_parent" else RemoveRoleParent
        return OnPolicy(kind(self.role, self.parent))


class RetireWhat(Given):
    """If a role gave nobody anything any more."""

    do: Literal["retire_role"]
    role: Name

    def asked(self, _book: Book) -> Asked:
        """Return the command."""
        return OnPolicy(RetireRole(self.role))


What = Annotated[
    GiveWhat | RevokeWhat | LiveWhat | MoveWhat | AllowWhat | ParentWhat | RetireWhat,
    Field(discriminator="do"),
]


class WhatIfBody(Given):
    """A change: commands one after the other, or a policy file; made now, or at a past moment."""

    commands: Annotated[list[What], Field(min_length=1, max_length=50)] | None = None
    file: str | None = Field(default=None, max_length=LARGEST_FILE, description="YAML.")
    as_of: AwareDatetime | None = Field(None, description="A past moment; absent: now.")

    @model_validator(mode="after")
    def _one_of_them(self) -> "WhatIfBody":
        if (self.commands is None) is (self.file is None):
            raise field_error("names no one change", "Send either `commands` or `file`.")
        return self
