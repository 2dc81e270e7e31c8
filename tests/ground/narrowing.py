"""One person has every permission, and each of them narrowed."""

from typing import Any

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from shared.authorization.state import PermissionEvent
from tests.ground.rights import FixedWorld, open_world

PERSON = "oscar"
NARROWED: dict[str, dict[str, Any]] = {
    "certain records": {"records": ["018f0000-0000-7000-8000-00000000beef"]},
    "own scope": {"scope": "own"},
    "a condition": {
        "condition": {"attribute": "resource.owner", "is": "eq", "value": "somebody else"}
    },
    "clearance": {"clearance": "public"},
}


def narrowed(how: str) -> FixedWorld:
    """Return decisions by which a person has every permission, but narrowed."""
    world, stream = open_world(), f"subject-{DEMO_PEOPLE[PERSON].subject}"
    events = [("GrantRevoked", {"grant_id": PERSON})]
    for one in Permission:
        data = {"grant_id": one.value, "permission": one.value, "effect": "allow"}
        events.append(("GrantGiven", data | NARROWED[how]))
    return FixedWorld(
        world.after(
            PermissionEvent(world.position + number, stream, type_, data)
            for number, (type_, data) in enumerate(events, start=1)
        )
    )
