"""A policy and its people are told as events, in the order in which the topic would carry them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from shared.authorization.deciding import Answer, decide
from shared.authorization.questions import PLAINLY, Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.scopes import Clearance
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
ANA, BEN, CAT, DAN = (f"00000000-0000-4000-8000-00000000000{one}" for one in "abcd")
PUBLIC, INTERNAL, CONFIDENTIAL, RESTRICTED = (one.rank for one in Clearance)


class Story:
    """Events of a topic, one after the other; `world` is where they lead."""

    def __init__(self) -> None:
        self.events: list[PermissionEvent] = []
        self._numbers = count(1)
        self._world = World()

    @property
    def world(self) -> World:
        """Every event so far, folded one batch after the other."""
        self._world = self._world.after(self.events)
        return self._world

    def tell(self, stream: str, type_: str, data: dict[str, Any] | None = None) -> "Story":
        """Add any event."""
        self.events.append(
            PermissionEvent(len(self.events) + 1, stream, type_, {} if data is None else data)
        )
        return self

    def policy(self, type_: str, **data: Any) -> "Story":  # noqa: ANN401
        """Add an event of the policy."""
        return self.tell("policy", type_, data)

    def of(self, subject: str, type_: str, **data: Any) -> "Story":  # noqa: ANN401
        """Add an event of a subject."""
        return self.tell(f"subject-{subject}", type_, data)

    def permission(self, name: str, risk: str = "normal") -> "Story":
        """Add a permission to the catalogue."""
        return self.policy("PermissionDefined", permission=name, risk=risk, title={"en": name})

    def role(self, name: str, *parents: str, level: int = 10, **allowed: Any) -> "Story":  # noqa: ANN401
        """Add a role; `customer_read="own/public team/internal"` is what it allows."""
        self.policy("RoleDefined", role=name, level=level, title={"en": name})
        for permission, ways in allowed.items():
            self.allow(name, permission.replace("_", ":"), ways)
        for parent in parents:
            self.policy("RoleParentAdded", role=name, parent=parent)
        return self

    def allow(self, role: str, permission: str, ways: str, **more: Any) -> "Story":  # noqa: ANN401
        """Say anew how a role has a permission."""
        pairs = [way.split("/") for way in ways.split()]
        allowances = [{"scope": one, "clearance": other, **more} for one, other in pairs]
        return self.policy(
            "RolePermissionSet", role=role, permission=permission, allowances=allowances
        )

    def person(self, subject: str, *teams: str, department: str | None = None) -> "Story":
        """Let somebody join."""
        return self.of(
            subject, "SubjectJoined", kind="person", department=department, teams=list(teams)
        )

    def service(self, subject: str, owner: str | None) -> "Story":
        """Let a service account join."""
        return self.of(subject, "SubjectJoined", kind="service", owner=owner)

    def give(self, subject: str, role: str | None = None, **data: Any) -> "Story":  # noqa: ANN401
        """Give a role or a permission; its ids are grant-1, grant-2 and so on."""
        given = {key.rstrip("_"): _as_json(value) for key, value in data.items()}
        grant = {"grant_id": f"grant-{next(self._numbers)}", "effect": "allow"}
        target = {} if role is None else {"role": role}
        return self.of(subject, "GrantGiven", **{**grant, **target, **given})

    def acts(self, actor: str, target: str, until: datetime, level: int = 100) -> "Story":
        """Let somebody act as somebody else; its ids are acting-1, acting-2 and so on."""
        told = {"acting_id": f"acting-{next(self._numbers)}", "target": target, "level": level}
        times = {"since": NOON.isoformat(), "until": until.isoformat()}
        return self.of(actor, "ActingBegun", **told, **times)

    def ask(
        self, subject: str, permission: str, record: Record | None, *, now: datetime = NOON,
        age: float = 0.0, around: Circumstances = PLAINLY,
    ) -> Answer:  # fmt: skip
        """Ask the world as it is now."""
        return decide(self.world, subject, permission, record, moment(now), age, around)

    def code(self, subject: str, permission: str, record: Record | None, **more: Any) -> str:  # noqa: ANN401
        """Return the answer's reason; an answer that contradicts its reason fails the test."""
        allowed, code, *_ = self.ask(subject, permission, record, **more)
        assert allowed == (code == "allowed")
        return code.value


def a_customer(
    owner: str | None = None,
    sensitivity: int | None = PUBLIC,
    id_: str = "c-1",
    **attributes: object,
) -> Record:
    """Return a customer."""
    return Record("customer", id_, owner, sensitivity, attributes)


def a_story() -> Story:
    """Return an ordinary catalogue, and Ana, Ben and Cat, who have nothing yet."""
    return (
        Story()
        .permission("customer:read", "low")
        .permission("customer:write")
        .permission("customer:erase", "critical")
        .person(ANA, "north", department="sales/emea")
        .person(BEN, "north", department="sales/emea/alps")
        .person(CAT, "south", department="sales")
    )


def may_act(story: Story, subject: str, level: int = 50) -> Story:
    """Let somebody be one who acts as others, of this level."""
    story.permission("subject:act_as", "critical").role("helper", level=level)
    return story.allow("helper", "subject:act_as", "all/restricted").give(subject, "helper")


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
