"""The three ladders that rights are measured on: how far, how secret, how risky.

Each is a word in events, files and answers, and has one order: `min`, `max` and `<` follow the
ladder, never the alphabet.
"""

from enum import StrEnum
from functools import lru_cache


class _Ladder(StrEnum):
    """Words in the order of their definition, lowest first."""

    @property
    def rank(self) -> int:
        """Return the rung: 0 is the lowest."""
        return _ranks(type(self))[self]

    def __lt__(self, other: str) -> bool:
        return self.rank < _rung(self, other)

    def __le__(self, other: str) -> bool:
        return self.rank <= _rung(self, other)

    def __gt__(self, other: str) -> bool:
        return self.rank > _rung(self, other)

    def __ge__(self, other: str) -> bool:
        return self.rank >= _rung(self, other)


def _rung(one: _Ladder, other: str) -> int:
    # Of one's own kind it is known; another text is looked up, and refused if it is no word of it.
    return _ranks(type(one))[other if type(other) is type(one) else type(one)(other)]


@lru_cache
def _ranks(ladder: type[_Ladder]) -> dict[str, int]:
    return {word.value: rank for rank, word in enumerate(ladder)}


class Scope(_Ladder):
    """Whose records a right reaches: each reaches all that the one before it does.

    own: mine. team: also those of whoever shares a team with me. department: also those of whoever
    is in my department or below it. all: also what nobody owns.
    """

    OWN = "own"
    TEAM = "team"
    DEPARTMENT = "department"
    ALL = "all"


class Clearance(_Ladder):
    """How secret data is (its class), and what somebody may see; unclassified is restricted."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class Risk(_Ladder):
    """How much harm a permission can do; the higher, the fresher the replica must be."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"
