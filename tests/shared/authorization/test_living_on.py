"""No right is left over: an entry that lives on is the one that would be compiled anew."""

from collections.abc import Callable
from random import Random

from shared.authorization.snapshot import from_bytes, to_bytes
from shared.authorization.world import World
from tests.shared.authorization.random_worlds import PERMISSIONS, Known, a_world
from tests.shared.authorization.story import NOON, SECOND

STEPS = 60


def anything(dice: Random, known: Known) -> None:
    """Let one more thing happen."""
    story, role = known.story, dice.choice([*known.roles, "late"])
    subject, permission = dice.choice([*known.subjects]), dice.choice(PERMISSIONS)
    grant = f"grant-{dice.randrange(1, 30)}"
    happenings: list[Callable[[], object]] = [
        lambda: story.policy("RoleRetired", role=role),
        lambda: story.policy("RoleReinstated", role=role),
        lambda: story.policy("RoleLevelChanged", role=role, level=3),
        lambda: story.policy("RoleDefined", role="late", level=3),
        lambda: story.policy("RoleParentAdded", role=role, parent=dice.choice([*known.roles])),
        lambda: story.policy("RoleParentRemoved", role=role, parent=dice.choice([*known.roles])),
        lambda: story.allow(role, permission, dice.choice(["", "own/public", "all/internal"])),
        lambda: story.policy("PermissionRetired", permission=permission),
        lambda: story.permission(permission),
        lambda: story.policy(
            "SodRuleDefined", rule="q", kind="dynamic", first=[role], second=[permission]
        ),
        lambda: story.policy("SodRuleRetired", rule="q"),
        lambda: story.give(subject, dice.choice([*known.roles, "late"])),
        lambda: story.give(subject, permission=permission, effect="deny", until=NOON),
        lambda: story.of(subject, "GrantRevoked", grant_id=grant),
        lambda: story.of(subject, "GrantReduced", grant_id=grant, scope="own"),
        lambda: story.of(
            subject, "GrantExtended", grant_id=grant, until=(NOON + SECOND).isoformat()
        ),
        lambda: story.of(subject, "SubjectMoved", teams=[dice.choice(["north", "east"])]),
        lambda: story.of(subject, dice.choice(["SubjectSuspended", "SubjectReinstated"])),
    ]
    dice.choice(happenings)()


def differences(world: World) -> list[str]:
    """Return everybody whose entry is not what it would be had the world just begun."""
    anew = from_bytes(to_bytes(world))
    return [name for name in world.subjects if world.entry(name) != anew.entry(name)]


def test_whatever_happens_no_entry_is_older_than_what_it_is_made_of(dice: Random) -> None:
    lived_on = 0
    for _ in range(4):
        known = a_world(dice)
        known.story.world.compile_all()
        for _ in range(STEPS):
            anything(dice, known)
            world = known.story.world
            lived_on += len(world.entries)
            assert differences(world) == [], known.story.events[-1]
    assert lived_on > STEPS
