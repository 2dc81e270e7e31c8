"""What happens to the policy; one stream holds all of it, so that it has one version.

Nothing here is personal: a policy speaks of roles, never of people, and so must its reasons.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.permissions.domain.review.schedule import ReviewSchedule
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.events import Event

Otherwise = Literal["mask", "omit"]
SodKind = Literal["static", "dynamic"]
ConditionDocument = dict[str, Any]
"""A condition as JSON: {"all": […]}, {"any": […]}, {"not": …}, or one comparison {"attribute",
"is", "value" or "to"}."""


AttributeValue = str | int | bool
"""What conditions may compare."""


class Title(BaseModel):
    """What people read, in each language."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    en: str
    """In English."""
    zh: str
    """In Chinese."""


class Allowance(BaseModel):
    """How far one permission reaches in one role; all of it must hold together."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    scope: Scope
    """Whose records: own < team < department < all."""
    clearance: Clearance
    """The most secret data that it reaches: public < internal < confidential < restricted."""
    condition: ConditionDocument | None = None
    """What must be true besides, of subject, resource, action and context."""


class PolicyChange(Event):
    """A change of the policy."""

    reason: str | None = None
    """Why, in the words of who did it; it is clear text and says nothing of people."""


class PermissionDefined(PolicyChange):
    """There is such a permission from now on; said again, its risk or title changed."""

    permission: str
    """Which one: `<resource_type>:<action>`, for example customer:read."""
    risk: Risk
    """How much harm it can do: low < normal < high < critical."""
    title: Title
    """What people call it."""


class PermissionRetired(PolicyChange):
    """Nobody has this permission any more, whatever roles and grants say."""

    permission: str
    """Which one."""


class DataClassSet(PolicyChange):
    """A field's data is that secret from now on."""

    resource_type: str
    """Of what, for example customer."""
    field: str
    """Which field of it; * is the record as a whole."""
    data_class: Clearance
    """How secret: public < internal < confidential < restricted."""
    otherwise: Otherwise
    """What somebody sees who is not cleared for it: a mask, or nothing at all."""


class DataClassRemoved(PolicyChange):
    """The field is unclassified from now on: that counts as restricted."""

    resource_type: str
    """Of what."""
    field: str
    """Which field of it."""


class RoleDefined(PolicyChange):
    """There is such a role from now on, without a permission; said again, its title changed."""

    role: str
    """What programs call it, once and for all."""
    level: int
    """0 to 100; nobody gives a role of a higher level than the own."""
    title: Title
    """What people call it."""


class RoleLevelChanged(PolicyChange):
    """The role has another level from now on."""

    role: str
    """Which role."""
    level: int
    """0 to 100."""


class RoleRetired(PolicyChange):
    """The role gives nobody anything any more, neither by itself nor through other roles."""

    role: str
    """Which role."""


class RoleReinstated(PolicyChange):
    """A retired role gives again what it has."""

    role: str
    """Which role."""


class RolePermissionSet(PolicyChange):
    """The role has this permission exactly so from now on, whatever it had of it before."""

    role: str
    """Which role."""
    permission: str
    """Which permission."""
    allowances: tuple[Allowance, ...]
    """How far it reaches, several where one would reach too far; none: taken away."""


class RoleParentAdded(PolicyChange):
    """The role has from now on what the other one has."""

    role: str
    """Which role."""
    parent: str
    """The role whose permissions it gets."""


class RoleParentRemoved(PolicyChange):
    """The role has no longer what the other one has."""

    role: str
    """Which role."""
    parent: str
    """The role whose permissions it loses."""


class SodRuleDefined(PolicyChange):
    """Two things that one person must not have, or do, together; said again, changed."""

    rule: str
    """What programs call the rule."""
    kind: SodKind
    """static: nobody may hold both · dynamic: nobody may do both with the same record."""
    first: tuple[str, ...]
    """Permissions and roles on one side."""
    second: tuple[str, ...]
    """Permissions and roles on the other."""


class SodRuleRetired(PolicyChange):
    """The rule holds no longer."""

    rule: str
    """Which rule."""


class DefaultRoleChosen(PolicyChange):
    """Whoever joins from now on gets this role and nothing else."""

    role: str | None = None
    """Which role; absent: none."""


class FreshnessLimitSet(PolicyChange):
    """Permissions of this risk are denied by copies of the policy that are older."""

    risk: Risk
    """Which permissions: low, normal, high or critical."""
    seconds: float
    """How old a copy may be."""


class ReviewScheduleSet(PolicyChange):
    """Reviews open by themselves like this from now on; said again, otherwise than before."""

    schedule: str
    """What programs call the schedule."""
    its: ReviewSchedule
    """All of it."""


class ReviewScheduleRemoved(PolicyChange):
    """No more reviews open by this schedule; those that are open go on."""

    schedule: str
    """Which schedule."""


class AdministratorRemoved(PolicyChange):
    """Somebody stopped being an administrator; the event on the subject says how.

    It is here so that of two who remove the last two administrators at once only one succeeds.
    """

    subject: UUID
    """Who."""


class PolicyChangeApproved(PolicyChange):
    """Somebody agrees to a change that somebody else may make, because it needs two people."""

    change: str
    """The digest of the policy file and of what is dangerous in it."""
    approved_by: UUID
    """Who agrees; of a service account who answers for it."""
    until: datetime
    """The end of the agreement, exclusive."""


class PolicyChangeMade(PolicyChange):
    """A change that needed two people was made; it is what was stored together with this."""

    change: str
    """The digest that was agreed to; it is agreed to no longer."""
    approved_by: UUID
    """Who agreed, besides the one who did it."""


class ResourceDeclared(PolicyChange):
    """A record of another program is named, so that searches find it; said again, changed."""

    resource_type: str
    """Its type; never one of Daybook's own."""
    resource_id: str
    """Its id among records of this type."""
    owner: UUID | None = None
    """The subject who owns it; absent: nobody."""
    attributes: Mapping[str, AttributeValue] = {}
    """What conditions may look at, as resource.<name>; nothing personal."""


class ResourceWithdrawn(PolicyChange):
    """The record is named no longer."""

    resource_type: str
    """Its type."""
    resource_id: str
    """Which one."""


PermissionEvent = PermissionDefined | PermissionRetired
DataClassEvent = DataClassSet | DataClassRemoved
RoleEvent = (
    RoleDefined
    | RoleLevelChanged
    | RoleRetired
    | RoleReinstated
    | RolePermissionSet
    | RoleParentAdded
    | RoleParentRemoved
)
SodEvent = SodRuleDefined | SodRuleRetired
SettingEvent = DefaultRoleChosen | FreshnessLimitSet | AdministratorRemoved
ScheduleEvent = ReviewScheduleSet | ReviewScheduleRemoved
ApprovalEvent = PolicyChangeApproved | PolicyChangeMade
ResourceEvent = ResourceDeclared | ResourceWithdrawn
PolicyEvent = (
    PermissionEvent
    | DataClassEvent
    | RoleEvent
    | SodEvent
    | SettingEvent
    | ScheduleEvent
    | ApprovalEvent
    | ResourceEvent
)
