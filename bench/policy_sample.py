"""One policy of 10,000 people, 1,000 roles and 100,000 grants, and questions about it, from a seed.

Every way is a role given plainly, because the engines beside us know nothing else: no window, no
denial and no condition of ours is switched off for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final
from uuid import UUID

from bench.samples import SEED
from shared.authorization.questions import Record
from shared.authorization.scopes import Clearance, Scope
from shared.authorization.state import PermissionEvent

PEOPLE: Final = 10_000
ROLES: Final = 1_000
GRANTS_EACH: Final = 10
PERMISSIONS_EACH: Final = 4
KINDS: Final = (
    "customer", "deal", "case", "task", "view", "invoice", "order", "note", "file", "log"
)  # fmt: skip
ACTIONS: Final = (
    "read", "write", "add", "end", "export", "import", "hand_over", "merge", "watch", "find"
)  # fmt: skip
PERMISSIONS: Final = tuple(f"{kind}:{action}" for kind in KINDS for action in ACTIONS)
OF_OWN_WORK: Final = 0.9
OF_OWN_RECORDS: Final = 0.7
SCOPES: Final = tuple(scope.value for scope in Scope)
CLEARANCES: Final = tuple(clearance.value for clearance in Clearance)
TEAMS: Final = 500
DEPARTMENTS: Final = tuple(f"{one}/{two}" for one in "abcde" for two in "vwxyz")
Question = tuple[str, str, Record]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, where they work, and their roles by grant id."""

    name: str
    team: str
    department: str
    roles: dict[str, str]


class PolicySample:
    """The same policy for whoever answers: as plain facts, and as the events that tell it."""

    def __init__(self, people: int = PEOPLE, grants_each: int = GRANTS_EACH) -> None:
        self._dice = Random(f"{SEED} {people} {grants_each}")  # noqa: S311 - the same each time
        self.roles = {f"role-{number}": self._ways() for number in range(ROLES)}
        self.people = {one.name: one for one in self._joining(people, grants_each)}

    def _ways(self) -> dict[str, tuple[str, str]]:
        """Return permission → (scope, clearance)."""
        dice = self._dice
        return {
            permission: (dice.choice(SCOPES), dice.choice(CLEARANCES[:3]))
            for permission in dice.sample(PERMISSIONS, PERMISSIONS_EACH)
        }

    def _joining(self, people: int, grants_each: int) -> Iterator[Person]:
        dice, roles = self._dice, [*self.roles]
        for _ in range(people):
            yield Person(
                self._id(),
                f"team-{dice.randrange(TEAMS)}",
                dice.choice(DEPARTMENTS),
                {self._id(): role for role in dice.sample(roles, grants_each)},
            )

    def _id(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))

    def events(self) -> list[PermissionEvent]:
        """Return the topic."""
        told = [("policy", *one) for one in self._policy()]
        for person in self.people.values():
            told += [(f"subject-{person.name}", *one) for one in _life(person)]
        return [PermissionEvent(position, *one) for position, one in enumerate(told, 1)]

    def _policy(self) -> Iterator[tuple[str, dict[str, object]]]:
        for permission in PERMISSIONS:
            yield "PermissionDefined", {"permission": permission, "risk": "normal", "title": {}}
        for role, ways in self.roles.items():
            yield "RoleDefined", {"role": role, "level": 10, "title": {}}
            for permission, (scope, clearance) in ways.items():
                allowance = {"scope": scope, "clearance": clearance}
                yield (
                    "RolePermissionSet",
                    {"role": role, "permission": permission, "allowances": [allowance]},
                )

    def questions(self, count: int) -> list[Question]:
        """Return questions as they come in a day: mostly of one's own work, a few out of reach."""
        dice, names = self._dice, [*self.people]
        asked: list[Question] = []
        for number in range(count):
            person = self.people[dice.choice(names)]
            role = dice.choice([*person.roles.values()])
            its = [*self.roles[role]] if dice.random() < OF_OWN_WORK else PERMISSIONS
            permission = dice.choice(its)
            owner = person.name if dice.random() < OF_OWN_RECORDS else dice.choice(names)
            record = Record(
                permission.partition(":")[0], str(number), owner, dice.choice((0, 0, 0, 1, 2))
            )
            asked.append((person.name, permission, record))
        return asked


def _life(person: Person) -> Iterator[tuple[str, dict[str, object]]]:
    yield (
        "SubjectJoined",
        {"kind": "person", "department": person.department, "teams": [person.team]},
    )
    for grant_id, role in person.roles.items():
        yield "GrantGiven", {"grant_id": grant_id, "role": role, "effect": "allow"}
