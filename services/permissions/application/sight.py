"""Whether whoever asks about a record may see it: else nothing of it is told, nor that it is there.

A record that is not there is seen by whoever would see it whosever it were: to them alone it makes
a difference. Of the past counts who may see the record as it is, as it was, and its history.
"""

from collections.abc import Sequence
from typing import Final

from services.permissions.application.people_records import GRANT, PEOPLES
from services.permissions.application.questions import Entity
from services.permissions.application.resources import Resources, sensitivity_of
from shared.authorization.fields import Outcome, view_of
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.rights import Rights
from shared.authorization.state import ALL
from shared.authorization.world import World

READ: Final = "read"
HISTORY: Final = "history"
OWNER: Final = "owner"
PLACES: Final = ("department", "teams")
"""What of a person decides who reaches what is theirs."""


def needed_to_see(world: World, asked: Entity, *, of_past: bool) -> tuple[str, ...]:
    """Return the permissions that it takes to see a record, at a past moment too.

    What is about a person is seen with the person; who asked for a grant, with the grants.
    """
    if asked.type in PEOPLES:
        grants = (Permission.GRANTS_READ.value,) if asked.type == GRANT else ()
        return (Permission.PEOPLE_READ.value, *grants)
    wanted = (READ, HISTORY) if of_past else (READ,)
    known = (f"{asked.type}:{action}" for action in wanted)
    return tuple(one for one in known if one in world.limits)


def sees(
    rights: Rights, resources: Resources, asked: Entity, images: Sequence[Record | None],
    *, of_past: bool,
) -> bool:  # fmt: skip
    """Say whether the record may be told of to whoever has these rights.

    Args:
        rights: of whoever asks, now.
        resources: which records are known here.
        asked: the record.
        images: how it is, and how it was if that is asked about; None: it is or was not there.
        of_past: whether how it was is told.
    """
    if asked.type in PEOPLES:
        return _person_seen(rights, asked, images)
    own = resources.own(asked.type)
    if own is None:
        if resources.is_owned(asked.type):
            return True
        return rights.may(Permission.POLICY_READ) or _all_seen(
            rights, asked, images, (), of_past=of_past
        )
    return _all_seen(rights, asked, images, (OWNER, *own.columns.attributes), of_past=of_past)


def _all_seen(
    rights: Rights, asked: Entity, images: Sequence[Record | None], fields: Sequence[str],
    *, of_past: bool,
) -> bool:  # fmt: skip
    world = rights.basis.world
    whosever = Record(asked.type, asked.id, None, sensitivity_of(world, asked.type))
    needed = needed_to_see(world, asked, of_past=of_past)
    return bool(needed) and all(
        _is_seen(rights, permission, image or whosever, fields)
        for permission in needed
        for image in images
    )


def _person_seen(rights: Rights, asked: Entity, images: Sequence[Record | None]) -> bool:
    for permission in needed_to_see(rights.basis.world, asked, of_past=False):
        kind = permission.partition(":")[0]
        for image in images:
            whose = None if image is None else image.owner
            record = rights.record(kind, whose or asked.id, whose)
            fields = PLACES if permission == Permission.PEOPLE_READ else ()
            if not _is_seen(rights, permission, record, fields):
                return False
    return True


def _is_seen(rights: Rights, permission: str, record: Record, fields: Sequence[str]) -> bool:
    its = rights.basis
    (allowed, *_), view = view_of(
        its.world, rights.subject, permission, record, its.now, its.age, rights.around
    )
    return allowed and all(view.outcome(one) is Outcome.SHOW for one in fields)


def roles_that_see(world: World, record: Record, needed: Sequence[str]) -> tuple[str, ...]:
    """Return the roles whose holders see the record whosever it is; the lowest level first."""
    policy = world.policy

    def sees_it(name: str, permission: str) -> bool:
        return any(
            way.scope == ALL and way.clearance >= record.rank and way.more is None
            for way in policy.allowed[name].get(permission, ())
        )

    able = [
        (policy.level(name), name)
        for name in policy.allowed
        if needed and all(sees_it(name, one) for one in needed)
    ]
    return tuple(name for _, name in sorted(able))
