"""What a replica knows of each role, subject and grant: only what a decision needs, no names.

Ranks are the rungs of Scope and Clearance, moments are microseconds since 1970 (UTC), so that a
check compares whole numbers and a window ends on the microsecond.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from shared.authorization.conditions import Condition

ALWAYS: Final = -(2**62)
FOREVER: Final = 2**62
ALL: Final = 3
"""The rank of Scope.ALL."""
RESTRICTED: Final = 3
"""The rank of Clearance.RESTRICTED, and of whatever is not classified."""
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_NO_EXCEPTION: Final[Mapping[str, int]] = MappingProxyType({})

State = Literal["active", "suspended", "left", "erased"]


class Shape(NamedTuple):
    """What a grant is besides its id and target; equal shapes are one object in memory."""

    is_role: bool = True
    is_denial: bool = False
    scope: int | None = None
    """At most this far; None: as far as the role says, and a single permission to everything."""
    clearance: int | None = None
    records: frozenset[str] | None = None
    """Only these; None: all."""
    since: int = ALWAYS
    until: int = FOREVER
    """The first microsecond at which it is over."""
    condition: Condition | None = None


PLAIN: Final = Shape()
"""A role, given as it is."""


class Grant(NamedTuple):
    """A role or a single permission (`target`), given to or withheld from one subject."""

    grant_id: str
    target: str
    shape: Shape


class Acting(NamedTuple):
    """Somebody acts as somebody else (`target`), at most up to a level and a moment."""

    acting_id: str
    target: str
    level: int
    """Of whoever acts, as it was in the beginning."""
    until: int
    """The first microsecond at which it is over."""


class Subject(NamedTuple):
    """A person or a service account."""

    kind: str = "person"
    owner: str | None = None
    manager: str | None = None
    department: str | None = None
    teams: frozenset[str] = frozenset()
    attributes: Mapping[str, object] = _NOTHING
    state: State = "active"
    is_trusted: bool = False
    """Whether what it says of the subjects it asks about counts."""
    grants: tuple[Grant, ...] = ()
    exceptions: Mapping[str, int] = _NO_EXCEPTION
    """Rule of separation of duties → the moment from which it binds again."""
    is_parked: bool = False
    acting: tuple[Acting, ...] = ()
    """As whom it acts, and what of it may be over."""


class RoleAllowance(NamedTuple):
    """One way in which a role has a permission."""

    scope: int
    clearance: int
    condition: Condition | None = None


class Role(NamedTuple):
    """A role by itself; what it inherits is put together when it is compiled."""

    level: int = 0
    title: Mapping[str, str] = MappingProxyType({})
    allowances: Mapping[str, tuple[RoleAllowance, ...]] = MappingProxyType({})
    """Permission → how the role has it."""
    parents: frozenset[str] = frozenset()
    is_retired: bool = False
    is_parked: bool = False


class PermissionFacts(NamedTuple):
    """One permission of the catalogue."""

    risk: str
    title: Mapping[str, str] = MappingProxyType({})


class FieldClass(NamedTuple):
    """How secret a field is, and what is seen instead by whoever may not see it."""

    data_class: int = RESTRICTED
    otherwise: Literal["mask", "omit"] = "omit"


class Rule(NamedTuple):
    """Duties that must not meet in one hand; a member is a permission or a role."""

    kind: str
    first: tuple[str, ...]
    second: tuple[str, ...]


class PermissionEvent(NamedTuple):
    """One event of the permission topic, in its order; data is None where it cannot be read."""

    position: int
    stream: str
    type: str
    data: Mapping[str, object] | None
